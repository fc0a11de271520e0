package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Errors;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.dataset.Distribution;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.recipe.Recipe;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The fits of a comparison, each made by the commands a user would give and kept in a folder. */
final class ComparedRuns {
  /** Fold of data that has none. */
  static final int NO_FOLD = 0;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Clips clips;
  private final Path backbone;
  private final Path runs;
  private final int scenes;
  private final int threads;
  private final PrintWriter err;

  /**
   * What recipes learn from and are judged on.
   *
   * @param train class folders, for recipes without a data set
   * @param test class folders, likewise
   * @param data folder of the data set of the other recipes
   */
  record Clips(@Nullable Path train, @Nullable Path test, @Nullable Path data) {}

  /**
   * @param runs existing folder
   * @param scenes that thresholds are chosen and event F1 is judged on
   * @param err where it is said what is done
   */
  ComparedRuns(Clips clips, Path backbone, Path runs, int scenes, int threads, PrintWriter err) {
    this.clips = clips;
    this.backbone = backbone;
    this.runs = runs;
    this.scenes = scenes;
    this.threads = threads;
    this.err = err;
  }

  static boolean hasFolds(Recipe recipe) {
    return Distribution.ESC50.toString().equals(recipe.options().get("dataset"));
  }

  /**
   * Figures of one run, made if they do not stand in the folder yet.
   *
   * @throws CliException naming the command that failed
   */
  JsonNode figures(Recipe recipe, int fold, int seed) {
    String part = fold == NO_FOLD ? "" : "-fold" + fold;
    String name = recipe.name().replace('/', '-') + part + "-" + seed;
    Path file = runs.resolve(name + ".json");
    try {
      if (Files.exists(file)) {
        return read(file);
      }
      err.printf(
          "%s, %sseed %d%n", recipe.name(), fold == NO_FOLD ? "" : "fold " + fold + ", ", seed);
      ObjectNode figures = made(recipe, fold, seed, runs.resolve(name + ".safetensors"));
      byte[] bytes = JSON.writeValueAsBytes(figures);
      AtomicFile.write(file, path -> Files.write(path, bytes));
      return figures;
    } catch (IOException e) {
      throw new CliException("\"%s\": %s".formatted(file, FaultReason.of(e)), e);
    }
  }

  private ObjectNode made(Recipe recipe, int fold, int seed, Path adapter)
      throws JsonProcessingException {
    boolean ofDataSet = recipe.options().containsKey("dataset");
    List<Object> from = new ArrayList<>();
    if (ofDataSet) {
      from.addAll(List.of("--data", Objects.requireNonNull(clips.data())));
    }
    if (fold != NO_FOLD) {
      from.addAll(List.of("--fold", fold));
    }
    Path fittedBackbone =
        "full".equals(recipe.options().get("tune"))
            ? adapter.resolveSibling("backbone-" + adapter.getFileName())
            : backbone;
    List<Object> fit = new ArrayList<>(List.of("fit", "--recipe", recipe.name()));
    fit.addAll(ofDataSet ? from : List.of(Objects.requireNonNull(clips.train())));
    fit.addAll(List.of("--backbone", backbone, "--out", adapter, "--seed", seed));
    fit.addAll(List.of("--threads", threads, "--resume", "--json"));
    if (!fittedBackbone.equals(backbone)) {
      fit.addAll(List.of("--out-backbone", fittedBackbone));
    }
    JsonNode fitted = JSON.readTree(run(fit));
    ObjectNode figures = JSON.createObjectNode();
    figures.set("trainable", fitted.path("trainable"));
    figures.set("percent", fitted.path("percent"));

    Path scores = adapter.resolveSibling(adapter.getFileName() + ".scores.json");
    List<Object> evaluate = new ArrayList<>(List.of("evaluate"));
    if (ofDataSet) {
      evaluate.addAll(List.of("--recipe", recipe.name()));
    }
    evaluate.addAll(ofDataSet ? from : List.of(Objects.requireNonNull(clips.test())));
    evaluate.addAll(List.of("--backbone", fittedBackbone, "--adapter", adapter, "--json", scores));
    run(evaluate);
    JsonNode judged = read(scores).path("figures");
    boolean detection = Task.DETECTION.toString().equals(recipe.evaluation().get("task"));
    copy(judged, "top1", figures, "top1");
    copy(judged, detection ? "averageMAP" : "mAP", figures, "mAP");
    copy(judged, "eventF1micro", figures, "eventF1");
    if (recipe.options().containsKey("scenes")) {
      figures.set("eventF1", eventF1OnScenes(adapter, seed));
    }
    return figures;
  }

  private static void copy(JsonNode from, String name, ObjectNode to, String key) {
    if (from.has(name)) {
      to.set(key, from.get(name));
    }
  }

  private JsonNode eventF1OnScenes(Path adapter, int seed) throws JsonProcessingException {
    Path calibrated = adapter.resolveSibling("calibrated-" + adapter.getFileName());
    run(calibrate(clips.train(), adapter, List.of("--out", calibrated, "--seed", 1000 + seed)));
    return JSON.readTree(run(calibrate(clips.test(), calibrated, List.of("--seed", 11))))
        .path("eventF1Before");
  }

  private List<Object> calibrate(@Nullable Path folder, Path adapter, List<Object> more) {
    List<Object> words = new ArrayList<>(List.of("calibrate", Objects.requireNonNull(folder)));
    words.addAll(List.of("--backbone", backbone, "--adapter", adapter, "--scenes", scenes));
    words.addAll(more);
    words.add("--json");
    return words;
  }

  private static JsonNode read(Path file) {
    try {
      return StrictJson.parse(Files.readAllBytes(file));
    } catch (NotJsonException e) {
      throw new CliException(
          "\"%s\": %s; without the file its run is made again".formatted(file, e.getMessage()), e);
    } catch (IOException e) {
      throw new CliException("\"%s\": %s".formatted(file, FaultReason.of(e)), e);
    }
  }

  /** The commands that a comparison runs. */
  @Command(
      name = "lookaside",
      subcommands = {FitCommand.class, Calibrate.class, Evaluate.class})
  private static final class Commands {}

  /** Runs another command and gives what it printed; its messages go where this one's do. */
  private String run(List<Object> words) {
    StringWriter printed = new StringWriter();
    CommandLine command = Errors.handledIn(new CommandLine(new Commands()));
    command.setOut(new PrintWriter(printed));
    command.setErr(err);
    List<String> arguments = words.stream().map(Object::toString).toList();
    if (command.execute(arguments.toArray(String[]::new)) != 0) {
      throw new CliException("stopped: lookaside " + String.join(" ", arguments));
    }
    return printed.toString();
  }
}
