package dev.lookaside.deploy.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import dev.lookaside.deploy.cli.ConfigOptions;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.session.TrainerSettings;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;

/**
 * Every key of every reference.conf: another legal value changes what is read, an illegal one is
 * named with its key, value and rule, and a key that is not there is rejected. What is legal is
 * taken from the rule that the message for nonsense names, and from the lines below for the few
 * keys whose rule is no range, choice or kind of text.
 */
class EverySettingTest {
  private static final List<String> MODULES =
      List.of("ingest", "featurizer", "classifier", "trainer", "deploy");

  /** What no setting can be. */
  private static final String NONSENSE = "[[]]";

  /** Kafka's own keys have no rule here: the brokers check them. */
  private static final String KAFKAS = "-";

  /** Another legal value, and an illegal one, in HOCON. */
  private static final String LINES =
      """
      ingest.kafka-clients."bootstrap.servers"              | "k1:9092,k2:9092" | ""
      ingest.chunks.default-content-type                    | "audio/L16;rate=8000" | "text/plain"
      ingest.topics.replication-factor                      | 3                 | 0
      ingest.topics.audio-chunks.configs."retention.ms"     | 1000              | -
      ingest.topics.audio-detections.configs."retention.ms" | 1000              | -
      ingest.topics.audio-dead-letters.configs."retention.ms" | 1000            | -
      ingest.topics.audio-labels.configs."retention.ms"     | 1000              | -
      ingest.topics.internal.configs                        | { "min.insync.replicas" = 2 } | 7
      ingest.source.kafka-clients."auto.offset.reset"       | latest            | none
      featurizer.hop-frames                                 | window            | 0
      featurizer.silence-gate.below-dbfs                    | -70               | 1
      featurizer.silence-gate.streams                       | { "a/1" = -60 }   | { "a/1" = quiet }
      classifier.scorer.device                              | cpu               | tpu
      classifier.batch.weights                              | { "gate-*" = 4 }  | { "gate-*" = 0 }
      classifier.detect.combination.clip                    | mean              | best
      classifier.detect.combination.columns                 | "quantile:0.5"    | "quantile:2"
      classifier.detect.thresholds                          | { water { on = 0.5, off = 0.3 } } | { water { on = 0.5, off = 0.6 } }
      classifier.detect.overload.streams                    | { a = skip-to-live } | { a = drop }
      classifier.sink.kafka-clients                         | { "linger.ms" = 5 } | 7
      trainer.scope                                         | "tenant:t"        | "t"
      deploy.model.backbone                                 | "b"               | [1]
      deploy.model.adapter                                  | "a"               | [1]
      deploy.channel                                        | 1                 | left
      deploy.host-names                                     | "a.example, b"    | "a:9"
      """;

  /** What counts only together with others. */
  private static final Map<String, String> TOGETHER =
      Map.of(
          "lookaside.deploy.model.backbone", "lookaside.deploy.model.adapter = c",
          "lookaside.deploy.model.adapter", "lookaside.deploy.model.backbone = c",
          "lookaside.classifier.detect.overload.skip-after-seconds",
              "lookaside.classifier.detect.overload.policy = skip-to-live");

  private static final Pattern RANGE =
      Pattern.compile("must be a (whole number|number|list of numbers) from (\\S+) to (\\S+)");

  /** The rule as the message has it, empty where a line says what is legal. */
  private record Key(String path, List<String> legal, List<String> illegal, String rule) {
    @Override
    public String toString() {
      return path;
    }
  }

  /** All that is read of a configuration. */
  private record Everything(Settings settings, TrainerSettings trainer) {
    static Everything of(String text) {
      Config config = Configuration.over(ConfigFactory.parseString(text));
      return new Everything(Settings.of(config), TrainerSettings.of(config, FrontEnd.AST_FBANK));
    }
  }

  /** The options that commands read settings with. */
  @CommandLine.Command
  private static final class Holder {
    @Mixin ConfigOptions options = new ConfigOptions();
  }

  static List<Key> keys() {
    Map<String, Key> lines = new TreeMap<>();
    LINES
        .lines()
        .map(line -> Arrays.stream(line.split("\\|")).map(String::strip).toList())
        .map(f -> new Key("lookaside." + f.get(0), List.of(f.get(1)), List.of(f.get(2)), ""))
        .forEach(key -> lines.put(key.path(), key));
    List<Key> keys = new ArrayList<>();
    inFiles()
        .forEach(
            (path, value) ->
                keys.add(lines.containsKey(path) ? lines.get(path) : ruled(path, value)));
    return keys;
  }

  /** By the rule that is named when its value is nonsense. */
  private static Key ruled(String path, ConfigValue byDefault) {
    String message = message(path + " = " + NONSENSE);
    String rule = message.replaceFirst("^.*?\": ", "");
    Matcher range = RANGE.matcher(rule);
    if (range.matches()) {
      BigDecimal least = new BigDecimal(range.group(2));
      BigDecimal most = new BigDecimal(range.group(3));
      boolean list = range.group(1).startsWith("list");
      List<String> legal =
          Stream.of(least, most)
              .filter(v -> !same(v, byDefault))
              .map(BigDecimal::toPlainString)
              .map(v -> list ? "[" + v + "]" : v)
              .toList();
      List<String> illegal =
          Stream.of(least.subtract(BigDecimal.ONE), most.add(BigDecimal.ONE))
              .map(BigDecimal::toPlainString)
              .map(v -> list ? "[" + v + "]" : v)
              .toList();
      return new Key(path, legal, with(illegal, list ? "[NaN]" : "NaN"), rule);
    }
    return switch (rule) {
      case "must be true or false" ->
          new Key(
              path,
              List.of(byDefault.unwrapped().equals(true) ? "false" : "true"),
              List.of("maybe"),
              rule);
      case "must be text", "must be a path" ->
          new Key(path, List.of("other"), List.of("[1]"), rule);
      case "must not be empty" -> new Key(path, List.of("other"), List.of("\" \"", "[1]"), rule);
      default -> {
        List<String> words = Arrays.asList(rule.replaceFirst("^must be ", "").split(" or "));
        assertThat(words).as("%s: %s: needs a line in this test", path, rule).hasSizeGreaterThan(1);
        List<String> others =
            words.stream().filter(word -> !word.equals(byDefault.unwrapped())).toList();
        yield new Key(path, others, List.of("nonsense"), rule);
      }
    };
  }

  private static boolean same(BigDecimal value, ConfigValue byDefault) {
    return byDefault.unwrapped() instanceof Number n
        && new BigDecimal(n.toString()).compareTo(value) == 0;
  }

  private static List<String> with(List<String> some, String more) {
    List<String> all = new ArrayList<>(some);
    all.add(more);
    return all;
  }

  @ParameterizedTest
  @MethodSource("keys")
  void anotherValueChangesWhatIsRead(Key key) {
    String together = TOGETHER.getOrDefault(key.path(), "");
    String other = key.path().contains("model.") ? "\n" + key.path() + " = d" : "";
    Everything before = Everything.of(together + other);
    assertThat(key.legal()).isNotEmpty();
    for (String legal : key.legal()) {
      String changed = together + "\n" + key.path() + " = " + legal;
      assertThat(Everything.of(changed))
          .as("%s = %s", key, legal)
          .usingRecursiveComparison()
          .isNotEqualTo(before);
      assertThat(Everything.of(changed))
          .as("and is read again as the same")
          .usingRecursiveComparison()
          .isEqualTo(Everything.of(changed));
    }
  }

  @ParameterizedTest
  @MethodSource("keys")
  void anIllegalValueIsNamedWithKeyAndRule(Key key) {
    for (String illegal : key.illegal()) {
      if (illegal.equals(KAFKAS)) {
        continue;
      }
      Config wrong = ConfigFactory.parseString(key.path() + " = " + illegal);
      String[] values =
          wrong.entrySet().stream()
              .map(e -> String.valueOf(e.getValue().unwrapped()).replace(" ", ""))
              .toArray(String[]::new);
      assertThat(unquoted(message(key.path() + " = " + illegal)))
          .startsWith(unquoted(key.path()))
          .contains(": must ")
          .endsWith(key.rule())
          .containsAnyOf(values)
          .doesNotContain("has type", "STRING", "Could not", "String: 1");
    }
  }

  /** So that the page made of the comments says what the program checks. */
  @ParameterizedTest
  @MethodSource("keys")
  void theCommentHasTheRange(Key key) {
    Matcher range = RANGE.matcher(key.rule());
    if (!range.matches() || key.path().endsWith(".partitions")) {
      return; // Of partitions the comment of all topics says it.
    }
    String least = range.group(2);
    String most = range.group(3);
    String power = "2^" + Long.numberOfTrailingZeros(new BigDecimal(most).longValue());
    String comment = String.join(" ", inFiles().get(key.path()).origin().comments());
    assertThat(comment.replaceAll("\\s+", " "))
        .as(key.path())
        .containsAnyOf(least + " to " + most, least + " to " + power);
  }

  @ParameterizedTest
  @MethodSource("keys")
  void aKeyThatIsNotThereIsRejected(Key key) {
    if (key.path().matches(".*(kafka-clients|configs).*")) {
      return; // Below these all keys are Kafka's.
    }
    Holder holder = new Holder();
    String unknown = key.path() + "s-x";
    new CommandLine(holder).parseArgs("--set", unknown + "=1");
    assertThat(catchThrowable(() -> holder.options.config()))
        .hasMessageStartingWith("--set: no such setting: " + unknown);
  }

  /** A setting is one that somebody who runs Lookaside would change; the rest are constants. */
  @Test
  void thereAreFew() {
    assertThat(inFiles()).hasSizeBetween(50, 110);
  }

  private static String message(String setting) {
    Throwable thrown = catchThrowable(() -> Everything.of(setting));
    assertThat(thrown).as(setting).isNotNull();
    assertThat(thrown.getClass().getName()).startsWith("dev.lookaside.");
    return String.valueOf(thrown.getMessage());
  }

  private static String unquoted(String text) {
    return text.replace("\"", "");
  }

  private static TreeMap<String, ConfigValue> inFiles() {
    TreeMap<String, ConfigValue> keys = new TreeMap<>();
    for (String module : MODULES) {
      Path file = Path.of("..", module, "src/main/resources/reference.conf");
      collect("", ConfigFactory.parseFile(file.toFile()).root(), keys);
    }
    return keys;
  }

  private static void collect(
      String prefix, ConfigObject block, TreeMap<String, ConfigValue> keys) {
    for (Map.Entry<String, ConfigValue> e : block.entrySet()) {
      String path = prefix + ConfigUtil.joinPath(e.getKey());
      if (e.getKey().endsWith("dispatcher")) {
        continue; // Akka's, which finds it there alone.
      }
      if (e.getValue() instanceof ConfigObject inner && !inner.isEmpty()) {
        collect(path + ".", inner, keys);
      } else {
        keys.put(path, e.getValue());
      }
    }
  }
}
