package dev.lookaside.classifier.infer;

/**
 * Posteriors of some windows, in their order.
 *
 * @param columns rows of posteriors per window: 1, or the time columns of a columns head
 * @param labels posteriors per row
 * @param posteriors per window, row-major {@code [columns][labels]}; the receiver owns them
 */
public record Scores(int columns, int labels, float[][] posteriors) {
  public Scores {
    for (float[] p : posteriors) {
      if (p.length != columns * labels) {
        throw new IllegalArgumentException(
            "posteriors of %d values: must be %d x %d".formatted(p.length, columns, labels));
      }
    }
  }

  /** Number of windows. */
  public int size() {
    return posteriors.length;
  }

  /** Posteriors of window {@code i}. */
  public float[] of(int i) {
    return posteriors[i];
  }
}
