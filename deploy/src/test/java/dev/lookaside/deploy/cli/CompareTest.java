package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareTest {
  @TempDir private Path runs;

  private Cli compare(Object... more) {
    Path none = runs.resolve("none");
    Object[] words = {
      "compare",
      "small/linear-probe",
      "small/loaa-both",
      "--train",
      none,
      "--test",
      none,
      "--backbone",
      none,
      "--runs",
      runs,
      "--seeds",
      2
    };
    Object[] all = new Object[words.length + more.length];
    System.arraycopy(words, 0, all, 0, words.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return Cli.run(all);
  }

  private void ran(String recipe, int seed, double top1) throws Exception {
    Files.writeString(
        runs.resolve("small-%s-%d.json".formatted(recipe, seed)),
        "{\"trainable\": 1930, \"percent\": 0.07, \"top1\": %s, \"mAP\": 0.5}".formatted(top1));
  }

  @Test
  void runsThatAreThereAreNotRunAgainAndMeansAreOverSeeds() throws Exception {
    ran("linear-probe", 1, 0.4);
    ran("linear-probe", 2, 0.5);
    ran("loaa-both", 1, 0.6);
    ran("loaa-both", 2, 0.6);
    JsonNode rows = new ObjectMapper().readTree(compare("--json").out());
    assertThat(rows).hasSize(2);
    JsonNode probe = rows.get(0).get("top1");
    assertThat(probe.get("mean").doubleValue()).isCloseTo(0.45, within(1e-12));
    assertThat(probe.get("deviation").doubleValue()).isCloseTo(Math.sqrt(0.005), within(1e-12));
    assertThat(rows.get(1).get("top1").get("deviation").doubleValue()).isZero();
    String table = compare().out();
    assertThat(table).contains("small/linear-probe", "1,930", "0.450 ± 0.071", "0.600 ± 0.000");
  }

  @Test
  void aRunThatFailsEndsItWithTheCommandThatFailed() {
    Cli done = compare();
    assertThat(done.exitCode()).isEqualTo(1);
    assertThat(done.err())
        .contains("stopped: lookaside fit")
        .contains("--recipe small/linear-probe");
  }
}
