package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Errors;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside compare}: recipes over several seeds. */
@Command(
    name = "compare",
    sortOptions = false,
    description = {
      "Fit recipes with several seeds and print the mean and deviation of their figures.",
      "",
      "Recipes of a data set take --data and are evaluated as evaluate --recipe does: recognition by"
          + " top-1 and mAP, detection by the mean of mAP over tIoU 0.1 to 0.5 (MAP) and event F1"
          + " within 0.2 s. Those of ESC-50 are fitted once per fold: as in the papers, a figure is"
          + " the mean of five.",
      "",
      "The others (small/...) are fitted to the clips of --train and evaluated on those of --test:"
          + " top-1, mAP and, with scenes, event F1 on composed scenes after thresholds were chosen"
          + " on scenes of the training clips.",
      "",
      "Means and deviations are over all runs of a recipe, seeds times folds. Runs that are in"
          + " --runs already are not repeated, so a comparison that was stopped goes on. Fits of"
          + " all weights leave their backbones there, too."
    },
    footer = {
      "",
      "Examples:",
      "  lookaside compare small/linear-probe small/parallel small/loaa-both --train train/ --test"
          + " test/ --backbone b.safetensors --runs runs/",
      "  lookaside compare esc50/linear-probe esc50/loaa-5pct --data ESC-50/ --backbone"
          + " deit.safetensors --runs runs/ --seeds 1"
    })
public final class Compare implements Runnable {
  /** Figures of a run and the headings of their columns. */
  private static final Map<String, String> COLUMNS = new LinkedHashMap<>();

  static {
    COLUMNS.put("top1", "TOP-1");
    COLUMNS.put("mAP", "MAP");
    COLUMNS.put("eventF1", "EVENT F1");
  }

  @Parameters(
      arity = "1..*",
      paramLabel = "RECIPE",
      description = "Names of recipes (lookaside recipes).")
  private List<String> recipes = List.of();

  @Option(names = "--train", paramLabel = "CLIPS", description = "Class folders to learn from.")
  private @Nullable Path train;

  @Option(names = "--test", paramLabel = "CLIPS", description = "Class folders to evaluate on.")
  private @Nullable Path test;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Where the data set of the recipes lies.")
  private @Nullable Path data;

  @Option(
      names = "--folds",
      paramLabel = "K,...",
      split = ",",
      arity = "1",
      description = "Of esc50: the folds to test on. Default: all that --data has.")
  private List<Integer> folds = List.of();

  @Mixin private ModelOptions.RequiredBackbone backboneFile = new ModelOptions.RequiredBackbone();

  @Option(
      names = "--runs",
      required = true,
      paramLabel = "FOLDER",
      description = "Folder for adapters and figures of each run; made if it is not there.")
  private Path runs = Path.of("");

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "3",
      description = "Seeds 1 to N. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(
      names = "--scenes",
      paramLabel = "N",
      defaultValue = "24",
      description = "Test scenes. Default: ${DEFAULT-VALUE}.")
  private int scenes;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "CPU threads of a fit; 0 is one per core. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Mixin private Output output = new Output();

  @Override
  public void run() {
    OptionValue.atLeast("--seeds", seeds, 1);
    List<Recipe> all = recipes.stream().map(Recipe::of).toList();
    check(all);
    try {
      Files.createDirectories(runs);
    } catch (IOException e) {
      throw new CliException("--runs \"%s\": the folder cannot be made".formatted(runs), e);
    }
    List<String> headings = new ArrayList<>(List.of("RECIPE", "TRAINABLE", "%"));
    headings.addAll(COLUMNS.values());
    Output.Table rows =
        output.table("%-28s %,10d %7.3f" + " %15s".repeat(COLUMNS.size()), headings.toArray());
    ComparedRuns made =
        new ComparedRuns(
            new ComparedRuns.Clips(train, test, data),
            backboneFile.file(),
            runs,
            scenes,
            threads,
            output.err());
    for (Recipe recipe : all) {
      List<JsonNode> figures = new ArrayList<>();
      for (int fold : folds(recipe)) {
        for (int seed = 1; seed <= seeds; seed++) {
          figures.add(made.figures(recipe, fold, seed));
        }
      }
      row(recipe, figures, rows);
    }
    output.end(rows);
  }

  /** Folds to fit a recipe for; one of {@link ComparedRuns#NO_FOLD} if its data has none. */
  private List<Integer> folds(Recipe recipe) {
    if (!ComparedRuns.hasFolds(recipe)) {
      return List.of(ComparedRuns.NO_FOLD);
    }
    return folds.isEmpty() && data != null ? List.copyOf(Distribution.ESC50.folds(data)) : folds;
  }

  /** What is missing is reported before hours of fits. */
  private void check(List<Recipe> all) {
    TreeSet<String> dataSets = new TreeSet<>();
    for (Recipe recipe : all) {
      String dataset = recipe.options().get("dataset");
      if (dataset == null && (train == null || test == null)) {
        throw new CliException(
            "--train and --test: recipe \"%s\" needs both".formatted(recipe.name()));
      }
      if (dataset != null && data == null) {
        throw new CliException(
            "--data: recipe \"%s\" needs the folder of %s".formatted(recipe.name(), dataset));
      }
      if (dataset != null) {
        dataSets.add(dataset);
      }
    }
    if (dataSets.size() > 1) {
      throw new CliException(
          "--data \"%s\": recipes of %s are more than one data set".formatted(data, dataSets));
    }
    if (!folds.isEmpty() && all.stream().noneMatch(ComparedRuns::hasFolds)) {
      throw new CliException("--folds \"%s\": none of the recipes is of esc50".formatted(folds));
    }
    if (!folds.isEmpty() && data != null) {
      SortedSet<Integer> there = Distribution.ESC50.folds(data);
      for (int fold : folds) {
        if (!there.contains(fold)) {
          throw new CliException(
              "--folds \"%d\": must be one of %s, which have clips in \"%s\""
                  .formatted(fold, there, data));
        }
      }
    }
    if (folds.size() != new TreeSet<>(folds).size()) {
      throw new CliException("--folds \"%s\": must name each once".formatted(folds));
    }
  }

  private void row(Recipe recipe, List<JsonNode> figures, Output.Table rows) {
    JsonNode first = figures.get(0);
    ObjectNode row = JsonNodeFactory.instance.objectNode();
    row.put("recipe", recipe.name()).put("seeds", seeds).put("runs", figures.size());
    row.set("trainable", first.path("trainable"));
    row.set("percent", first.path("percent"));
    List<Object> cells = new ArrayList<>();
    cells.add(recipe.name());
    cells.add(first.path("trainable").longValue());
    cells.add(first.path("percent").doubleValue());
    for (String key : COLUMNS.keySet()) {
      double[] values =
          figures.stream()
              .map(f -> f.path(key))
              .filter(JsonNode::isNumber)
              .mapToDouble(JsonNode::doubleValue)
              .toArray();
      if (values.length == 0) {
        cells.add("-");
        continue;
      }
      double mean = Arrays.stream(values).average().orElseThrow();
      double deviation = deviation(values, mean);
      row.putObject(key).put("mean", mean).put("deviation", deviation);
      cells.add(String.format(Locale.ROOT, "%.3f ± %.3f", mean, deviation));
    }
    rows.row(row, cells.toArray());
  }

  /** Of a sample; 0 for one value. */
  static double deviation(double[] values, double mean) {
    double squares = 0;
    for (double v : values) {
      squares += (v - mean) * (v - mean);
    }
    return values.length == 1 ? 0 : Math.sqrt(squares / (values.length - 1));
  }

  /** The fits of a comparison, each made by the commands a user would give and kept in a folder. */
  static final class ComparedRuns {
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
     * @param err gets what is done
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
     * Figures of one run, made if they are not in the folder yet.
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
      evaluate.addAll(
          List.of("--backbone", fittedBackbone, "--adapter", adapter, "--json", scores));
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
            "\"%s\": %s; without the file its run is made again".formatted(file, e.getMessage()),
            e);
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
}
