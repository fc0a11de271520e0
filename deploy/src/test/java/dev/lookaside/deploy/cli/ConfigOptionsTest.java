package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Wrong settings are named with key, value and place, in our words. */
class ConfigOptionsTest {
  @TempDir private Path folder;

  private static String fault(String option, Object value) {
    Cli run = Cli.run("run", option, value);
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.out()).isEmpty();
    return run.err().strip();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          lookaside.ingest.broker-timeout-millis=abc | lookaside.ingest.broker-timeout-millis "abc": must be a whole number from 100 to 600000
          lookaside.deploy.metrics.port=x            | lookaside.deploy.metrics.port "x": must be a whole number from 0 to 65535
          lookaside.ingest.topics=7                  | lookaside.ingest.topics "7": must be a block of settings
          lookaside.deploy.no-such-key=1             | --set: no such setting: lookaside.deploy.no-such-key
          lookaside.ingest.topics.acks.name=a        | --set: no such setting: lookaside.ingest.topics.acks
          lookaside.ingest.topics.acks.configs.a.b=1 | --set: no such setting: lookaside.ingest.topics.acks
          lookaside.featurizer.hop-frame=8           | --set: no such setting: lookaside.featurizer.hop-frame (did you mean "lookaside.featurizer.hop-frames"?)
          lookaside.classifier.sink.retry-delay-millis=1 | --set: no such setting: lookaside.classifier.sink.retry-delay-millis
          lookaside.trainer.tick-millis=9            | --set: no such setting: lookaside.trainer.tick-millis
          lookaside.classiffier.batch.max-batch=9    | --set: no such setting: lookaside.classiffier
          a..b=1                                     | --set "a..b": is no key: must be words with dots between, others in quotes
          """)
  void aWrongSettingIsNamedWithItsValue(String setting, String message) {
    assertThat(fault("--set", setting)).isEqualTo("lookaside run: " + message);
  }

  @Test
  void aWrongSettingOfTheTrainerIsNamedToo() {
    Cli run = Cli.run("trainer", "--set", "lookaside.trainer.triggers.labels=x");
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err().strip())
        .isEqualTo(
            "lookaside trainer: lookaside.trainer.triggers.labels \"x\": must be a whole number from 1 to 1000000");
  }

  @Test
  void aWrongTypeInAFileIsNamedWithItsLine() throws IOException {
    Path file = folder.resolve("own.conf");
    Files.writeString(file, "\nlookaside.classifier.batch.max-batch = [1]\n");
    assertThat(fault("--config", file))
        .isEqualTo(
            "lookaside run: lookaside.classifier.batch.max-batch \"[1]\": must be a whole number from 1 to 1024 (%s, line 2)"
                .formatted(file));
  }

  @Test
  void aFileThatCannotBeReadIsNamedWithTheReason() throws IOException {
    Path file = folder.resolve("own.conf");
    String named = "lookaside run: --config \"" + file + "\": ";
    assertThat(fault("--config", file)).isEqualTo(named + "no such file or folder");
    Files.writeString(file, "a = 1\nlookaside { ingest = [\n");
    assertThat(fault("--config", file)).matches("\\Q" + named + "\\Eline \\d+: is not HOCON");
    Files.writeString(file, "lookaside.deploy.model.adapter = ${nowhere}\n");
    assertThat(fault("--config", file))
        .isEqualTo(
            "lookaside run: settings: a reference with ${} leads to nothing (%s, line 1)"
                .formatted(file));
    assertThat(fault("--config", folder))
        .isEqualTo("lookaside run: --config \"" + folder + "\": is a folder, not a file");
  }
}
