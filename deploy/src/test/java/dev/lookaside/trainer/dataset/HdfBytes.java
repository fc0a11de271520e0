package dev.lookaside.trainer.dataset;

import java.nio.file.Path;

/** Lets other packages' tests read an HDF5 file. */
public final class HdfBytes {
  private HdfBytes() {}

  /** As a data set reads it: whether a recording is there, how long it is, and its beginning. */
  public static void read(Path file, String name) {
    try (HdfAudio audio = new HdfAudio(file, 24_000)) {
      if (audio.has(name)) {
        Recording recording = audio.recording(name);
        recording.extent();
        recording.read(new Span(0, 0.01));
      }
    }
  }
}
