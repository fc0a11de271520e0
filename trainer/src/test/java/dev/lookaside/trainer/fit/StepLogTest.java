package dev.lookaside.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepLogTest {
  @TempDir private Path folder;

  private static FitProgress.Step step(long step, double loss) {
    return new FitProgress.Step(step, 9, 1, loss, 1e-3, 8, 0.1);
  }

  @Test
  void aLineIsOneObjectWithTheStepsNumbers() throws IOException {
    Path file = folder.resolve("steps.jsonl");
    try (StepLog log = new StepLog(file)) {
      log.begun(0);
      log.stepped(step(1, 1.7973912954330444));
    }
    JsonNode line = new ObjectMapper().readTree(Files.readString(file));
    assertThat(line.get("step").asLong()).isEqualTo(1);
    assertThat(line.get("epoch").asLong()).isEqualTo(1);
    assertThat(line.get("loss").asDouble()).isEqualTo(1.7973912954330444);
    assertThat(line.get("lr").asDouble()).isEqualTo(1e-3);
    assertThat(line.get("windowsPerSecond").asDouble()).isEqualTo(80);
  }

  @Test
  void goingOnDropsTheLinesAfterTheCheckpointAndOneThatWasCutOff() throws IOException {
    Path file = folder.resolve("steps.jsonl");
    try (StepLog log = new StepLog(file)) {
      log.begun(0);
      for (int s = 1; s <= 4; s++) {
        log.stepped(step(s, s));
      }
    }
    Files.writeString(file, Files.readString(file) + "{\"step\":5,\"ep");
    try (StepLog log = new StepLog(file)) {
      log.begun(2);
      log.stepped(step(3, 30));
    }
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(3);
    assertThat(lines.get(1)).contains("\"loss\":2.0");
    assertThat(lines.get(2)).contains("\"loss\":30.0");
  }

  @Test
  void aNewFitBeginsANewLog() throws IOException {
    Path file = Files.writeString(folder.resolve("steps.jsonl"), "{\"step\":1}\n");
    try (StepLog log = new StepLog(file)) {
      log.begun(0);
    }
    assertThat(Files.readString(file)).isEmpty();
  }
}
