package dev.lookaside.trainer.drift;

import dev.lookaside.classifier.infer.Embeddings;
import java.util.ArrayList;
import java.util.List;

/**
 * What a model made of one stretch of audio, window after window without overlap.
 *
 * @param rowsPerWindow 1, or one per time column of a columns head
 * @param windowSeconds of one window
 * @param embeddings one row per moment, {@code rowsPerWindow} to a window
 * @param posteriors one row per moment, a value per class
 */
@SuppressWarnings("ArrayRecordComponent") // Numbers to be read, made once.
record Sample(int rowsPerWindow, double windowSeconds, float[][] embeddings, float[][] posteriors) {
  Sample {
    if (embeddings.length != posteriors.length || embeddings.length % rowsPerWindow != 0) {
      throw new IllegalArgumentException(
          "%d embeddings and %d posteriors: must be as many, and whole windows of %d"
              .formatted(embeddings.length, posteriors.length, rowsPerWindow));
    }
  }

  /** The rows of some windows. */
  static Sample of(double windowSeconds, Embeddings found) {
    int rows = found.scores().columns();
    int classes = found.scores().labels();
    List<float[]> embeddings = new ArrayList<>();
    List<float[]> posteriors = new ArrayList<>();
    for (int w = 0; w < found.size(); w++) {
      for (int r = 0; r < rows; r++) {
        embeddings.add(part(found.embeddings()[w], r, found.width()));
        posteriors.add(part(found.scores().of(w), r, classes));
      }
    }
    return new Sample(
        rows,
        windowSeconds,
        embeddings.toArray(float[][]::new),
        posteriors.toArray(float[][]::new));
  }

  private static float[] part(float[] all, int index, int length) {
    float[] part = new float[length];
    System.arraycopy(all, index * length, part, 0, length);
    return part;
  }

  int rows() {
    return embeddings.length;
  }

  int windows() {
    return embeddings.length / rowsPerWindow;
  }

  double seconds() {
    return windows() * windowSeconds;
  }

  /** Seconds from the start of the look to the middle of a row. */
  double middleSeconds(int row) {
    return (row + .5) * windowSeconds / rowsPerWindow;
  }
}
