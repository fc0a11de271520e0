package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.weights.Activation;

/** Losses by their definitions. */
final class SlowLoss {
  private SlowLoss() {}

  static double of(Loss loss, double[] logits, float[] targets, float[] weights) {
    int classes = logits.length / weights.length;
    double sum = 0;
    double all = 0;
    for (int row = 0; row < weights.length; row++) {
      double exps = 0;
      for (int c = 0; c < classes; c++) {
        exps += Math.exp(logits[row * classes + c]);
      }
      for (int c = 0; c < classes; c++) {
        double z = logits[row * classes + c];
        double t = targets[row * classes + c] * (1 - loss.smoothing());
        if (loss.activation() == Activation.SOFTMAX) {
          t += loss.smoothing() / classes;
          sum -= weights[row] * t * Math.log(Math.exp(z) / exps);
        } else {
          t += loss.smoothing() / 2;
          double p = 1 / (1 + Math.exp(-z));
          sum -= weights[row] * (t * Math.log(p) + (1 - t) * Math.log(1 - p)) / classes;
        }
      }
      all += weights[row];
    }
    return sum / all;
  }
}
