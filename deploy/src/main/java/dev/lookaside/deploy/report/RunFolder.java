package dev.lookaside.deploy.report;

import dev.lookaside.ingest.FaultReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The files of a run.
 *
 * <pre>
 *   adapter.safetensors   what was fitted
 *   steps.jsonl           one object per step: step, epoch, loss, lr, windowsPerSecond
 *   evaluation.json       title, figures, classes; of a recognition also labels, truth and posteriors of the clips
 * </pre>
 */
public record RunFolder(Path folder) {
  public Path adapter() {
    return folder.resolve("adapter.safetensors");
  }

  public Path steps() {
    return folder.resolve("steps.jsonl");
  }

  public Path evaluation() {
    return folder.resolve("evaluation.json");
  }

  /**
   * Makes the folder if it is not there.
   *
   * @throws ReportException if it cannot be made
   */
  public RunFolder made() {
    try {
      Files.createDirectories(folder);
      return this;
    } catch (IOException e) {
      throw new ReportException(
          "--run \"" + folder + "\": cannot be made: " + FaultReason.of(e), e);
    }
  }
}
