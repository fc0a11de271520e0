package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside compare}: recipes over several seeds. */
@Command(
    name = "compare",
    sortOptions = false,
    description = {
      "Fit recipes with several seeds and print the mean and deviation of their figures.",
      "",
      "Each fit is judged on the clips of --test: recognition (top-1, mAP) and, for recipes with scenes, event F1 within 0.2 s "
          + "on composed scenes after thresholds were chosen on scenes of the training clips. What stands in --runs already is "
          + "not run again, so a comparison that was stopped goes on."
    },
    footer = {
      "",
      "Example:",
      "  lookaside compare small/linear-probe small/parallel small/loaa-both --train train/ --test test/ "
          + "--backbone b.safetensors --runs runs/"
    })
final class Compare implements Runnable {
  private static final ObjectMapper JSON = new ObjectMapper();

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

  @Option(names = "--train", required = true, paramLabel = "CLIPS", description = "Class folders.")
  private Path train = Path.of("");

  @Option(names = "--test", required = true, paramLabel = "CLIPS", description = "Class folders.")
  private Path test = Path.of("");

  @Option(names = "--backbone", required = true, paramLabel = "B", description = "Backbone file.")
  private Path backbone = Path.of("");

  @Option(
      names = "--runs",
      required = true,
      paramLabel = "FOLDER",
      description = "Existing folder for adapters and figures of each run.")
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

  @Option(names = "--json", description = "Print a JSON array instead of a table.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    if (seeds < 1) {
      throw new CliException("--seeds \"%d\": must be 1 or more".formatted(seeds));
    }
    if (!Files.isDirectory(runs)) {
      throw new CliException("--runs \"%s\": must be a folder".formatted(runs));
    }
    // A name that does not exist is told before hours of fits.
    recipes.forEach(Recipe::of);
    ArrayNode rows = JsonNodeFactory.instance.arrayNode();
    PrintWriter to = spec.commandLine().getOut();
    if (!json) {
      to.printf("%-28s %10s %7s", "RECIPE", "TRAINABLE", "%");
      COLUMNS.values().forEach(heading -> to.printf(" %15s", heading));
      to.println();
    }
    for (String recipe : recipes) {
      List<JsonNode> figures = new ArrayList<>();
      for (int seed = 1; seed <= seeds; seed++) {
        figures.add(figures(recipe, seed));
      }
      row(recipe, figures, rows, to);
    }
    if (json) {
      to.println(rows.toPrettyString());
    }
    to.flush();
  }

  /** Figures of one run, made if they do not stand in the folder yet. */
  private JsonNode figures(String recipe, int seed) {
    String name = recipe.replace('/', '-') + "-" + seed;
    Path file = runs.resolve(name + ".json");
    try {
      if (Files.exists(file)) {
        return JSON.readTree(Files.readAllBytes(file));
      }
      ObjectNode figures = made(recipe, seed, runs.resolve(name + ".safetensors"));
      byte[] bytes = JSON.writeValueAsBytes(figures);
      AtomicFile.write(file, path -> Files.write(path, bytes));
      return figures;
    } catch (IOException e) {
      throw new CliException("\"%s\": %s".formatted(file, e.getMessage()));
    }
  }

  private ObjectNode made(String recipe, int seed, Path adapter) throws JsonProcessingException {
    PrintWriter err = spec.commandLine().getErr();
    err.printf("%s, seed %d%n", recipe, seed);
    ObjectNode figures = JSON.createObjectNode();
    JsonNode fit =
        JSON.readTree(
            run(
                "fit",
                train,
                "--recipe",
                recipe,
                "--backbone",
                backbone,
                "--out",
                adapter,
                "--seed",
                seed,
                "--threads",
                threads,
                "--resume",
                "--json"));
    figures.set("trainable", fit.path("trainable"));
    figures.set("percent", fit.path("percent"));
    Path scores = adapter.resolveSibling(adapter.getFileName() + ".recognition.json");
    run("evaluate", test, "--backbone", backbone, "--adapter", adapter, "--json", scores);
    JsonNode recognition = read(scores).path("figures");
    figures.set("top1", recognition.path("top1"));
    figures.set("mAP", recognition.path("mAP"));
    if (Recipe.of(recipe).options().containsKey("scenes")) {
      Path calibrated = adapter.resolveSibling("calibrated-" + adapter.getFileName());
      run(
          "calibrate",
          train,
          "--backbone",
          backbone,
          "--adapter",
          adapter,
          "--out",
          calibrated,
          "--scenes",
          scenes,
          "--seed",
          1000 + seed,
          "--json");
      JsonNode events =
          JSON.readTree(
              run(
                  "calibrate",
                  test,
                  "--backbone",
                  backbone,
                  "--adapter",
                  calibrated,
                  "--scenes",
                  scenes,
                  "--seed",
                  11,
                  "--json"));
      figures.set("eventF1", events.path("eventF1Before"));
    }
    return figures;
  }

  private static JsonNode read(Path file) {
    try {
      return JSON.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new CliException("\"%s\": %s".formatted(file, e.getMessage()));
    }
  }

  /** Runs another command and gives what it printed; its messages go where this one's do. */
  private String run(Object... words) {
    StringWriter printed = new StringWriter();
    CommandLine command = Main.commandLine();
    command.setOut(new PrintWriter(printed));
    command.setErr(spec.commandLine().getErr());
    List<String> arguments = new ArrayList<>();
    for (Object word : words) {
      arguments.add(word.toString());
    }
    if (command.execute(arguments.toArray(String[]::new)) != 0) {
      throw new CliException("stopped: lookaside " + String.join(" ", arguments));
    }
    return printed.toString();
  }

  private void row(String recipe, List<JsonNode> figures, ArrayNode rows, PrintWriter to) {
    JsonNode first = figures.get(0);
    ObjectNode row = rows.addObject().put("recipe", recipe).put("seeds", seeds);
    row.set("trainable", first.path("trainable"));
    row.set("percent", first.path("percent"));
    StringBuilder line = new StringBuilder();
    for (String key : COLUMNS.keySet()) {
      double[] values =
          figures.stream()
              .map(f -> f.path(key))
              .filter(JsonNode::isNumber)
              .mapToDouble(JsonNode::doubleValue)
              .toArray();
      if (values.length == 0) {
        line.append(String.format(" %15s", "-"));
        continue;
      }
      double mean = Arrays.stream(values).average().orElseThrow();
      double deviation = deviation(values, mean);
      row.putObject(key).put("mean", mean).put("deviation", deviation);
      line.append(String.format(Locale.ROOT, "   %.3f ± %.3f ", mean, deviation).substring(0, 16));
    }
    if (!json) {
      to.printf(
          Locale.ROOT,
          "%-28s %,10d %7.3f%s%n",
          recipe,
          first.path("trainable").longValue(),
          first.path("percent").doubleValue(),
          line);
      to.flush();
    }
  }

  /** Of a sample; 0 for one value. */
  static double deviation(double[] values, double mean) {
    double squares = 0;
    for (double v : values) {
      squares += (v - mean) * (v - mean);
    }
    return values.length == 1 ? 0 : Math.sqrt(squares / (values.length - 1));
  }
}
