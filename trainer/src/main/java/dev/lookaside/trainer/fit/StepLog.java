package dev.lookaside.trainer.fit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.TrainerException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A line of JSON for every step, written when it is done: {@code {"step": 1, "epoch": 1, "loss":
 * 2.3, "lr": 0.001, "windowsPerSecond": 180.5}}; steps and epochs count from 1. A fit that goes on
 * keeps the lines up to its checkpoint and writes the others again.
 */
public final class StepLog implements FitProgress, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private @Nullable BufferedWriter out;

  public StepLog(Path file) {
    this.file = file;
  }

  @Override
  public void begun(long stepsDone) {
    try {
      List<String> kept = stepsDone > 0 && Files.exists(file) ? kept(stepsDone) : List.of();
      AtomicFile.write(file, path -> Files.write(path, kept));
      out = Files.newBufferedWriter(file, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private List<String> kept(long stepsDone) throws IOException {
    List<String> kept = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      if (isStepUpTo(stepsDone, line)) {
        kept.add(line);
      }
    }
    return kept;
  }

  /** False also for a line that was cut off when the fit was killed. */
  private static boolean isStepUpTo(long stepsDone, String line) {
    try {
      JsonNode step = JSON.readTree(line).path("step");
      return step.isIntegralNumber() && step.longValue() <= stepsDone;
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  @Override
  public void stepped(Step step) {
    BufferedWriter writer = out;
    if (writer == null) {
      throw new IllegalStateException("the fit has not begun");
    }
    try {
      writer.write(
          JSON.createObjectNode()
              .put("step", step.step())
              .put("epoch", step.epoch())
              .put("loss", step.loss())
              .put("lr", step.learningRate())
              .put("windowsPerSecond", Math.round(step.windowsPerSecond() * 10) / 10.0)
              .toString());
      writer.newLine();
      writer.flush();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private TrainerException failed(IOException e) {
    return new TrainerException(file + ": cannot be written: " + FaultReason.of(e), e);
  }

  @Override
  public void close() {
    try {
      if (out != null) {
        out.close();
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }
}
