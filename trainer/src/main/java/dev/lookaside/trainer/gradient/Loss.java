package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.weights.Activation;

/**
 * What is made small. Its gradient in the logits has the form {@code activation(logits) * share -
 * target} for both kinds, so the graph need not know which weights and targets it is given; the
 * number itself is computed here, in double precision.
 *
 * @param activation softmax: cross-entropy, {@code -sum t log softmax(z)}; sigmoid: binary
 *     cross-entropy, the mean over classes of {@code log(1 + e^z) - t z}
 * @param smoothing label smoothing, in [0, 1): {@code t} becomes {@code (1 - s) t + s / classes}
 *     (cross-entropy, Szegedy et al., arXiv 1512.00567) or {@code (1 - s) t + s / 2}
 */
public record Loss(Activation activation, double smoothing) {
  public Loss {
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new IllegalArgumentException(
          "label smoothing " + smoothing + ": must be at least 0 and below 1");
    }
  }

  /** The loss of an activation, without smoothing. */
  public static Loss of(Activation activation) {
    return new Loss(activation, 0);
  }

  private boolean exclusive() {
    return activation == Activation.SOFTMAX;
  }

  private double smoothed(double target, int classes) {
    return (1 - smoothing) * target + smoothing / (exclusive() ? classes : 2);
  }

  /**
   * What the graph multiplies with and subtracts.
   *
   * @param targets row-major {@code [rows][classes]}
   * @param weights {@code [rows]}
   * @param share and {@code target}: of the size of {@code targets}, written
   */
  void prepare(float[] targets, float[] weights, float[] share, float[] target) {
    int classes = targets.length / weights.length;
    double all = sum(weights) * (exclusive() ? 1 : classes);
    for (int row = 0; row < weights.length; row++) {
      double weight = weights[row] / all;
      double mass = 0;
      for (int i = row * classes; i < (row + 1) * classes; i++) {
        double t = smoothed(targets[i], classes);
        mass += t;
        target[i] = (float) (weight * t);
      }
      for (int i = row * classes; i < (row + 1) * classes; i++) {
        share[i] = (float) (weight * (exclusive() ? mass : 1));
      }
    }
  }

  /**
   * The loss of a batch.
   *
   * @param logits row-major {@code [rows][classes]}
   * @param targets as {@code logits}
   * @param weights {@code [rows]}
   * @return the weighted mean over rows
   */
  public double of(float[] logits, float[] targets, float[] weights) {
    int classes = targets.length / weights.length;
    double loss = 0;
    for (int row = 0; row < weights.length; row++) {
      if (weights[row] != 0) {
        loss += weights[row] * ofRow(logits, targets, row * classes, classes);
      }
    }
    return loss / sum(weights);
  }

  private double ofRow(float[] logits, float[] targets, int from, int classes) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + classes; i++) {
      largest = Math.max(largest, logits[i]);
    }
    double exps = 0;
    for (int i = from; i < from + classes; i++) {
      exps += Math.exp(logits[i] - largest);
    }
    double logSum = largest + Math.log(exps);
    double loss = 0;
    for (int i = from; i < from + classes; i++) {
      double t = smoothed(targets[i], classes);
      double z = logits[i];
      loss +=
          exclusive()
              ? t * (logSum - z)
              : (Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - t * z) / classes;
    }
    return loss;
  }

  private static double sum(float[] weights) {
    double sum = 0;
    for (float w : weights) {
      sum += w;
    }
    return sum;
  }
}
