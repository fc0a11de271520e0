package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.trainer.fit.ParameterCount;
import dev.lookaside.trainer.recipe.Recipe;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParseResult;

/** {@code lookaside recipes}: lists what {@code fit --recipe} takes. */
@Command(
    name = "recipes",
    footer = {"", "Example:", "  lookaside recipes --json"},
    description = {
      "List the rows of the LoAA paper's tables, of AST, and our own, that fit --recipe runs.",
      "",
      "Trainable parameters are counted for DeiT-B/16-384 (small/...: the bundled model's backbone)"
          + " on the recipe's window, as the paper counts them; TOP-1 is the paper's figure in per"
          + " cent (AST's for rows with overlapping patches), and - where it gives none that"
          + " clearly belongs to this row."
    })
public final class Recipes implements Runnable {
  @Mixin private Output output = new Output();

  /** The options of {@code fit} that recipes set. */
  @Command(name = "fit")
  static final class FitParts {
    @Mixin TuneOptions tune = new TuneOptions();
    @Mixin FitOptions how = new FitOptions();
    @Mixin ExampleOptions what = new ExampleOptions();
    @Mixin DataOptions data = new DataOptions();

    /** The options that a recipe gives. */
    static FitParts of(Recipe recipe) {
      FitParts parts = new FitParts();
      CommandLine line = new CommandLine(parts);
      line.setCaseInsensitiveEnumValuesAllowed(true);
      CommandLine.ParseResult nothing = line.parseArgs();
      line.parseArgs(RecipeArguments.words(recipe.options(), nothing).toArray(String[]::new));
      return parts;
    }

    ParameterCount count(Recipe recipe, int classes) {
      return tune.count(RandomBackbone.Like.of(recipe.backbone()).spec(), classes);
    }
  }

  @Override
  public void run() {
    Output.Table table =
        output.table("%-42s %,11d %7.3f %7s  %s", "RECIPE", "TRAINABLE", "%", "TOP-1", "WHAT");
    for (String name : Recipe.names()) {
      Recipe recipe = Recipe.of(name);
      ParameterCount count = FitParts.of(recipe).count(recipe, recipe.classes());
      OptionalDouble top1 = recipe.paper().top1();
      table.row(
          node(recipe, count),
          name,
          count.trainable(),
          count.percent(),
          top1.isPresent() ? String.format(Locale.ROOT, "%.2f", top1.getAsDouble()) : "-",
          recipe.title());
    }
    output.end(table);
  }

  private static ObjectNode node(Recipe recipe, ParameterCount count) {
    ObjectNode paper =
        JsonNodeFactory.instance
            .objectNode()
            .put("source", recipe.paper().source())
            .put("table", recipe.paper().table());
    recipe.paper().trainableMillions().ifPresent(v -> paper.put("trainableMillions", v));
    recipe.paper().percent().ifPresent(v -> paper.put("percent", v));
    recipe.paper().top1().ifPresent(v -> paper.put("top1", v));
    recipe.paper().map().ifPresent(v -> paper.put("map", v));
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("recipe", recipe.name())
            .put("title", recipe.title())
            .put("classes", recipe.classes())
            .put("trainable", count.trainable())
            .put("percent", count.percent());
    node.set("paper", paper);
    node.set("options", new ObjectMapper().valueToTree(recipe.options()));
    node.set("evaluate", new ObjectMapper().valueToTree(recipe.evaluation()));
    return node;
  }

  /** A recipe as words of the command line. */
  static final class RecipeArguments {
    private RecipeArguments() {}

    /** The words of a recipe's options, without those for options that were given already. */
    static List<String> words(Map<String, String> options, ParseResult given) {
      List<String> words = new ArrayList<>();
      for (Map.Entry<String, String> option : options.entrySet()) {
        String name = "--" + option.getKey();
        if (!given.hasMatchedOption(name)) {
          words.add(option.getValue().equals("true") ? name : name + "=" + option.getValue());
        }
      }
      return words;
    }

    /**
     * Parses a command's words again behind those of a recipe: what was typed has the last word.
     */
    static void apply(Map<String, String> options, CommandLine command) {
      ParseResult given = command.getParseResult();
      List<String> words = words(options, given);
      List<String> typed = given.originalArgs();
      words.addAll(typed.subList(typed.indexOf(command.getCommandName()) + 1, typed.size()));
      command.parseArgs(words.toArray(String[]::new));
    }
  }
}
