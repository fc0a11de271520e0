package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Activation;

/**
 * Logits to posteriors. {@code StrictMath}, because {@code Math.exp} may give other last bits once
 * it is compiled, and detections must be the same bytes every time.
 */
final class Posteriors {
  private Posteriors() {}

  /** Row by row; {@code labels} values to a row. */
  static float[] of(Activation activation, float[] logits, int labels) {
    float[] p = new float[logits.length];
    for (int row = 0; row < logits.length; row += labels) {
      if (activation == Activation.SIGMOID) {
        for (int i = row; i < row + labels; i++) {
          p[i] = (float) (1 / (1 + StrictMath.exp(-logits[i])));
        }
      } else {
        softmax(logits, p, row, labels);
      }
    }
    return p;
  }

  private static void softmax(float[] logits, float[] p, int row, int labels) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = row; i < row + labels; i++) {
      max = Math.max(max, logits[i]);
    }
    double sum = 0;
    for (int i = row; i < row + labels; i++) {
      sum += StrictMath.exp((double) logits[i] - max);
    }
    for (int i = row; i < row + labels; i++) {
      p[i] = (float) (StrictMath.exp((double) logits[i] - max) / sum);
    }
  }
}
