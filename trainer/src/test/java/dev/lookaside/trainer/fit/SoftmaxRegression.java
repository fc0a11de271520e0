package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.gradient.Gradients;
import java.util.Map;

/**
 * The smallest model that can be fitted: logits are a matrix times the window. Written for being
 * obviously right; the loop does not know the difference.
 */
final class SoftmaxRegression implements Gradients {
  static final String WEIGHT = "w";
  static final String BIAS = "b";

  private final int classes;
  private final int values;

  SoftmaxRegression(int classes, int values) {
    this.classes = classes;
    this.values = values;
  }

  Map<String, float[]> start() {
    return Map.of(WEIGHT, new float[classes * values], BIAS, new float[classes]);
  }

  @Override
  public Step step(
      Map<String, float[]> parameters,
      float[] normalised,
      float[] targets,
      float[] targetWeights,
      int batch) {
    float[] w = parameters.getOrDefault(WEIGHT, new float[0]);
    float[] b = parameters.getOrDefault(BIAS, new float[0]);
    float[] logits = new float[batch * classes];
    float[] dw = new float[w.length];
    float[] db = new float[b.length];
    double total = 0;
    for (float t : targetWeights) {
      total += t;
    }
    double loss = 0;
    for (int n = 0; n < batch; n++) {
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        double z = b[c];
        for (int i = 0; i < values; i++) {
          z += (double) w[c * values + i] * normalised[n * values + i];
        }
        logits[n * classes + c] = (float) z;
        sum += Math.exp(z);
      }
      double share = targetWeights[n] / total;
      for (int c = 0; c < classes; c++) {
        double z = logits[n * classes + c];
        double target = targets[n * classes + c];
        loss += share * target * (Math.log(sum) - z);
        float d = (float) (share * (Math.exp(z) / sum - target));
        db[c] += d;
        for (int i = 0; i < values; i++) {
          dw[c * values + i] += d * normalised[n * values + i];
        }
      }
    }
    return new Step(loss, logits, Map.of(WEIGHT, dw, BIAS, db));
  }

  @Override
  public void close() {}
}
