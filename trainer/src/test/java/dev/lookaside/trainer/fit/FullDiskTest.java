package dev.lookaside.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint in a process that may write so much to a file and no more. */
class FullDiskTest {
  private static final Map<String, String> IDENTITY = Map.of("model", "none");
  private static final int SMALL = 1_000;
  private static final int LARGE = 100_000;

  @TempDir private Path folder;

  private static FitState state(long steps, int values) {
    TreeMap<String, float[]> weights = new TreeMap<>();
    float[] weight = new float[values];
    Arrays.fill(weight, steps);
    weights.put("w", weight);
    return new FitState(steps, weights, new TreeMap<>());
  }

  /** What the process runs: one checkpoint that fits, one that does not. */
  static final class Saves {
    private Saves() {}

    public static void main(String[] arguments) {
      CheckpointFile file = new CheckpointFile(Path.of(arguments[0]));
      file.save(state(1, SMALL), IDENTITY);
      try {
        file.save(state(2, LARGE), IDENTITY);
        System.out.println("saved");
      } catch (TrainerException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there is no ulimit")
  void aCheckpointThatDoesNotFitLeavesTheOneBeforeIt() throws IOException, InterruptedException {
    Path checkpoint = folder.resolve("fit.checkpoint");
    Path said = folder.resolve("said");
    // 128 blocks of 512 or 1,024 bytes: 64 or 128 KiB, between the two checkpoints.
    List<String> command =
        List.of(
            "sh",
            "-c",
            "ulimit -f 128; exec \"$0\" -XX:-UsePerfData -cp \"$1\" \"$2\" \"$3\"",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            System.getProperty("java.class.path"),
            Saves.class.getName(),
            checkpoint.toString());
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(said, StandardCharsets.UTF_8))
        .contains("fit.checkpoint: cannot be written: ")
        .contains("what it held before is intact")
        .doesNotContain("saved");
    FitState kept = new CheckpointFile(checkpoint).load(IDENTITY).orElseThrow();
    assertThat(kept.steps()).isEqualTo(1);
    assertThat(kept.weights().get("w")).hasSize(SMALL).containsOnly(1);
    try (var left = Files.list(folder)) {
      assertThat(left.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("fit.checkpoint", "said");
    }
  }
}
