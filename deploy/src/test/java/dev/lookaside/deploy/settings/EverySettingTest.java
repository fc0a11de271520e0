package dev.lookaside.deploy.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.session.TrainerSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every key of every reference.conf: another legal value changes what is read, and an illegal one
 * is named with its key. A key without a line in the table below fails.
 */
class EverySettingTest {
  private static final List<String> MODULES =
      List.of("ingest", "featurizer", "classifier", "trainer", "deploy");

  /** Whatever Kafka takes is legal; the brokers check it. */
  private static final String KAFKAS = "-";

  /** Per key below {@code lookaside}: another legal value, and an illegal one, in HOCON. */
  private static final String VALUES =
      """
      ingest.kafka-clients."bootstrap.servers"                     | "k1:9092,k2:9092" | ""
      ingest.broker-timeout-millis                                 | 20000             | 99
      ingest.chunks.source                                         | "/mine"           | " "
      ingest.chunks.max-payload-bytes                              | 1000              | 0
      ingest.chunks.default-content-type                           | "audio/L16;rate=8000" | "text/plain"
      ingest.topics.policy                                         | fail              | maybe
      ingest.topics.replication-factor                             | 3                 | 0
      ingest.topics.audio-chunks.name                              | a                 | ""
      ingest.topics.audio-chunks.partitions                        | 3                 | 10001
      ingest.topics.audio-chunks.configs."retention.ms"            | 1000              | -
      ingest.topics.audio-detections.name                          | a                 | ""
      ingest.topics.audio-detections.partitions                    | 3                 | 0
      ingest.topics.audio-detections.configs."retention.ms"        | 1000              | -
      ingest.topics.audio-dead-letters.name                        | a                 | ""
      ingest.topics.audio-dead-letters.partitions                  | 1                 | x
      ingest.topics.audio-dead-letters.configs."retention.ms"      | 1000              | -
      ingest.topics.audio-labels.name                              | a                 | ""
      ingest.topics.audio-labels.partitions                        | 1                 | 1.5
      ingest.topics.audio-labels.configs."retention.ms"            | 1000              | -
      ingest.topics.internal.prefix                                | mine.             | ""
      ingest.topics.internal.configs                               | { "min.insync.replicas" = 2 } | 7
      ingest.source.group                                          | a                 | " "
      ingest.source.group-protocol                                 | classic           | raft
      ingest.source.instance                                       | w1                | [1]
      ingest.source.delivery                                       | at-least-once     | maybe
      ingest.source.credit-records                                 | 1                 | 0
      ingest.source.credit-bytes                                   | 1                 | 0
      ingest.source.max-bytes-under-way                            | 1                 | 1099511627777
      ingest.source.commit-interval-millis                         | 10                | 9
      ingest.source.kafka-clients."auto.offset.reset"              | latest            | none
      featurizer.hop-frames                                        | window            | 0
      featurizer.silence-gate.below-dbfs                           | -70               | 1
      featurizer.silence-gate.streams                              | { "a/1" = -60 }   | { "a/1" = quiet }
      classifier.scorer.device                                     | cpu               | tpu
      classifier.scorer.intra-op-threads                           | 1                 | -1
      classifier.batch.max-batch                                   | 1                 | 0
      classifier.batch.max-delay-millis                            | 0                 | -1
      classifier.batch.weights                                     | { "gate-*" = 4 }  | { "gate-*" = 0 }
      classifier.batch.hold-bound-seconds                          | 1                 | 0
      classifier.detect.combination.clip                           | mean              | best
      classifier.detect.combination.columns                        | "quantile:0.5"    | "quantile:2"
      classifier.detect.thresholds                                 | { water { on = 0.5, off = 0.3 } } | { water { on = 0.5, off = 0.6 } }
      classifier.detect.min-length-millis                          | 0                 | -1
      classifier.detect.min-gap-millis                             | 0                 | 3600001
      classifier.detect.max-windows-under-way                      | 1                 | 0
      classifier.detect.overload.policy                            | skip-to-live      | drop
      classifier.detect.overload.skip-after-seconds                | 1                 | 0
      classifier.detect.overload.streams                           | { a = skip-to-live } | { a = drop }
      classifier.registry.enabled                                  | false             | maybe
      classifier.registry.worker                                   | w1                | [1]
      classifier.registry.lead-seconds                             | 0.6               | 0.5
      classifier.registry.fetch-timeout-seconds                    | 1                 | 0
      classifier.registry.max-prepared                             | 1                 | 0
      classifier.registry.alive-interval-seconds                   | 1                 | 0
      classifier.registry.keep-days                                | 1                 | 0
      classifier.registry.cache-folder                             | "/cache"          | [1]
      classifier.security.adapters.allow-unsigned                  | true              | maybe
      classifier.security.adapters.keys-folder                     | "/keys"           | [1]
      classifier.sink.kafka-clients                                | { "linger.ms" = 5 } | 7
      trainer.scope                                                | "tenant:t"        | "t"
      trainer.store-folder                                         | "/store"          | [1]
      trainer.seeds                                                | "/seeds"          | [1]
      trainer.key                                                  | k                 | [1]
      trainer.author                                               | a                 | [1]
      trainer.session-timeout-millis                               | 1000              | 999
      trainer.prepare-timeout-seconds                              | 1                 | 0
      trainer.store.context-millis                                 | 0                 | -1
      trainer.store.held-out-share                                 | 0.5               | 0.6
      trainer.gate.false-pass-chance                               | 1                 | 0
      trainer.gate.false-refusal-chance                            | 1                 | 0
      trainer.gate.confidence                                      | 0.5               | NaN
      trainer.gate.precision-loss-max                              | 1                 | 1.1
      trainer.gate.false-alarms-per-hour-max                       | 0                 | -1
      trainer.triggers.labels                                      | 1                 | 0
      trainer.triggers.quiet-millis                                | 0                 | -1
      trainer.triggers.interval-minutes                            | 1                 | 0
      trainer.head.first                                           | false             | maybe
      trainer.head.scenes                                          | 4                 | 3
      trainer.fit.epochs                                           | 1                 | 0
      trainer.fit.scenes                                           | 1                 | 0
      trainer.fit.learning-rate                                    | 1                 | 0
      trainer.fit.batch-size                                       | 1                 | 4097
      trainer.fit.hop-frames                                       | 1                 | 0
      trainer.scenes.seconds                                       | 20                | 0
      trainer.scenes.speeds                                        | [0.9, 1]          | [3]
      trainer.replay.fresh-per-class                               | 1                 | 0
      trainer.replay.older-per-class                               | 1                 | 0
      trainer.judge.background-seconds                             | 0                 | -1
      trainer.background.enabled                                   | false             | maybe
      trainer.background.interval-seconds                          | 1                 | 0
      trainer.background.total                                     | 1                 | 0
      trainer.shadow.share                                         | 1                 | 2
      trainer.shadow.seconds                                       | 1                 | 0
      trainer.shadow.agreement-min                                 | 1                 | 2
      trainer.canary.share                                         | 1                 | 2
      trainer.canary.seconds                                       | 1                 | 0
      trainer.drift.enabled                                        | false             | maybe
      trainer.drift.interval-seconds                               | 1                 | 0
      trainer.drift.seconds                                        | 600               | 601
      trainer.drift.false-alarm-rate                               | 0.5               | 0
      trainer.rollback.judged-min                                  | 1                 | 0
      trainer.rollback.wrong-rate-max                              | 1                 | 2
      trainer.rollback.wrong-per-hour-max                          | 0                 | -1
      deploy.model.backbone                                        | "b"               | [1]
      deploy.model.adapter                                         | "a"               | [1]
      deploy.channel                                               | 1                 | left
      deploy.stream-idle-seconds                                   | 1                 | 0
      deploy.metrics.port                                          | 9100              | 65536
      deploy.metrics.host                                          | "::1"             | ""
      deploy.page.port                                             | -1                | -2
      deploy.page.host                                             | "::1"             | ""
      deploy.restarts-max                                          | 0                 | -1
      deploy.stop-timeout-seconds                                  | 0                 | 601
      """;

  /** What counts only together with others. */
  private static final Map<String, String> TOGETHER =
      Map.of(
          "lookaside.deploy.model.backbone", "lookaside.deploy.model.adapter = c",
          "lookaside.deploy.model.adapter", "lookaside.deploy.model.backbone = c",
          "lookaside.classifier.detect.overload.skip-after-seconds",
              "lookaside.classifier.detect.overload.policy = skip-to-live");

  private record Line(String key, String legal, String illegal) {
    @Override
    public String toString() {
      return key;
    }
  }

  /** All that is read of a configuration. */
  private record Everything(Settings settings, TrainerSettings trainer) {
    static Everything of(String text) {
      Config config = Configuration.over(ConfigFactory.parseString(text));
      return new Everything(Settings.of(config), TrainerSettings.of(config, FrontEnd.AST_FBANK));
    }
  }

  static List<Line> lines() {
    return VALUES
        .lines()
        .map(line -> line.split("\\|"))
        .map(f -> new Line("lookaside." + f[0].strip(), f[1].strip(), f[2].strip()))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("lines")
  void anotherValueChangesWhatIsRead(Line line) {
    String together = TOGETHER.getOrDefault(line.key(), "");
    String changed = together + "\n" + line.key() + " = " + line.legal();
    assertThat(Everything.of(changed))
        .usingRecursiveComparison()
        .isNotEqualTo(Everything.of(together.isEmpty() ? "" : together + other(line)));
    assertThat(Everything.of(changed))
        .as("and is read again as the same")
        .usingRecursiveComparison()
        .isEqualTo(Everything.of(changed));
  }

  /** A model's file comes with the other one. */
  private static String other(Line line) {
    return line.key().contains("model.") ? "\n" + line.key() + " = d" : "";
  }

  @ParameterizedTest
  @MethodSource("lines")
  void anIllegalValueIsNamedWithItsKey(Line line) {
    if (line.illegal().equals(KAFKAS)) {
      return;
    }
    Config wrong = ConfigFactory.parseString(line.key() + " = " + line.illegal());
    Throwable thrown = catchThrowable(() -> Everything.of(line.key() + " = " + line.illegal()));
    assertThat(thrown).as(line.key()).isNotNull();
    assertThat(thrown.getClass().getName()).startsWith("dev.lookaside.");
    Map<String, Object> inner = new LinkedHashMap<>();
    wrong.entrySet().forEach(e -> inner.put(e.getKey(), e.getValue().unwrapped()));
    assertThat(unquoted(String.valueOf(thrown.getMessage())))
        .startsWith(unquoted(line.key()))
        .contains(": ")
        .containsAnyOf(inner.values().stream().map(EverySettingTest::text).toArray(String[]::new))
        .doesNotContain("has type", "STRING", "Could not", "String: 1");
  }

  private static String text(Object value) {
    return String.valueOf(value).replace(" ", "");
  }

  private static String unquoted(String text) {
    return text.replace("\"", "");
  }

  @Test
  void theTableHasEveryKeyAndNoOther() {
    Set<String> lines = lines().stream().map(Line::key).collect(Collectors.toSet());
    assertThat(lines).containsExactlyInAnyOrderElementsOf(keys()).hasSameSizeAs(lines());
  }

  /** A setting is one that somebody who runs Lookaside would change; the rest are constants. */
  @Test
  void thereAreFew() {
    assertThat(keys()).hasSizeLessThanOrEqualTo(115);
  }

  private static TreeSet<String> keys() {
    TreeSet<String> keys = new TreeSet<>();
    for (String module : MODULES) {
      Path file = Path.of("..", module, "src/main/resources/reference.conf");
      collect("", ConfigFactory.parseFile(file.toFile()).root(), keys);
    }
    return keys;
  }

  private static void collect(String prefix, ConfigObject block, TreeSet<String> keys) {
    for (Map.Entry<String, ConfigValue> e : block.entrySet()) {
      String path = prefix + ConfigUtil.joinPath(e.getKey());
      if (e.getKey().endsWith("dispatcher")) {
        continue; // Akka's, which finds it there alone.
      }
      if (e.getValue() instanceof ConfigObject inner && !inner.isEmpty()) {
        collect(path + ".", inner, keys);
      } else {
        keys.add(path);
      }
    }
  }
}
