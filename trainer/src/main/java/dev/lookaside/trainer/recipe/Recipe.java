package dev.lookaside.trainer.recipe;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import dev.lookaside.trainer.TrainerException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One row.
 *
 * @param name {@code DATASET/ROW}
 * @param title for people
 * @param classes of its data set
 * @param backbone sizes that its weights are counted on, as {@code lookaside backbone random} names
 *     them
 * @param options of {@code lookaside fit} by their names without dashes; {@code "true"} for a flag
 * @param evaluation options of {@code lookaside evaluate} that judge such a fit, likewise
 */
public record Recipe(
    String name,
    String title,
    int classes,
    String backbone,
    Paper paper,
    SortedMap<String, String> options,
    SortedMap<String, String> evaluation) {
  private static final String ROOT = "recipes/";
  private static final String LOAA = "LoAA, arXiv 2412.05951";

  /**
   * What a paper prints.
   *
   * @param source the paper
   * @param table its number, several with commas
   * @param trainableMillions parameters, rounded to a thousand
   * @param percent the same as a share
   * @param top1 accuracy in per cent
   * @param map macro mean average precision, 0 to 1
   * @param countedWithClasses classes of the head that its parameters were counted with
   */
  public record Paper(
      String source,
      String table,
      OptionalDouble trainableMillions,
      OptionalDouble percent,
      OptionalDouble top1,
      OptionalDouble map,
      int countedWithClasses) {}

  public Recipe {
    options = Collections.unmodifiableSortedMap(new TreeMap<>(options));
    evaluation = Collections.unmodifiableSortedMap(new TreeMap<>(evaluation));
  }

  /** The names of all recipes, in the order in which they are listed. */
  public static List<String> names() {
    return parse("index").getStringList("recipes");
  }

  /**
   * The recipe of a name.
   *
   * @throws TrainerException if there is none
   */
  public static Recipe of(String name) {
    if (!names().contains(name)) {
      throw new TrainerException(
          "recipe \"%s\": there is none of this name (lookaside recipes lists them)"
              .formatted(name));
    }
    Config config = parse(name);
    SortedMap<String, String> options = options(config, "fit");
    SortedMap<String, String> evaluation = options(config, "evaluate");
    if (options.containsKey("dataset")) {
      evaluation.put("dataset", options.get("dataset"));
    }
    int classes = config.getInt("classes");
    Config paper = config.getConfig("paper");
    int counted =
        paper.hasPath("counted-with-classes") ? paper.getInt("counted-with-classes") : classes;
    return new Recipe(
        name,
        config.getString("title"),
        classes,
        config.hasPath("backbone") ? config.getString("backbone") : "deit-base-384",
        new Paper(
            paper.hasPath("source") ? paper.getString("source") : LOAA,
            paper.getString("table"),
            number(paper, "trainable-millions"),
            number(paper, "percent"),
            number(paper, "top1"),
            number(paper, "map"),
            counted),
        options,
        evaluation);
  }

  private static SortedMap<String, String> options(Config config, String block) {
    SortedMap<String, String> options = new TreeMap<>();
    if (config.hasPath(block)) {
      for (Map.Entry<String, ConfigValue> e : config.getConfig(block).entrySet()) {
        options.put(e.getKey(), config.getConfig(block).getString(e.getKey()));
      }
    }
    return options;
  }

  private static OptionalDouble number(Config paper, String key) {
    return paper.hasPath(key) ? OptionalDouble.of(paper.getDouble(key)) : OptionalDouble.empty();
  }

  private static Config parse(String name) {
    try {
      return ConfigFactory.parseResources(
          Recipe.class.getClassLoader(),
          ROOT + name + ".conf",
          ConfigParseOptions.defaults().setAllowMissing(false));
    } catch (ConfigException e) {
      throw new TrainerException("recipe \"%s\": %s".formatted(name, e.getMessage()), e);
    }
  }
}
