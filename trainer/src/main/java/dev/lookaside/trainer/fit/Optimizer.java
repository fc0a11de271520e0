package dev.lookaside.trainer.fit;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Adam and AdamW with PyTorch's arithmetic: state and updates in float32, in the order of its
 * operations, scalars in double until they meet a weight. Not thread-safe; owner: one fit.
 *
 * @see <a href="https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html">AdamW</a>
 */
final class Optimizer {
  /** Means of one tensor's gradients and of their squares; same length as the tensor. */
  record Moments(float[] first, float[] second) {
    static Moments zero(int length) {
      return new Moments(new float[length], new float[length]);
    }
  }

  private final OptimizerSettings settings;
  private final SortedMap<String, Moments> moments = new TreeMap<>();
  private long steps;

  /** Before the first step: all moments zero. */
  Optimizer(OptimizerSettings settings) {
    this.settings = settings;
  }

  /** After {@code steps} steps; takes the arrays of {@code moments} over. */
  Optimizer(OptimizerSettings settings, long steps, Map<String, Moments> moments) {
    this(settings);
    this.steps = steps;
    this.moments.putAll(moments);
  }

  long steps() {
    return steps;
  }

  /** The state by tensor; the arrays are the optimiser's own. */
  SortedMap<String, Moments> moments() {
    return moments;
  }

  /**
   * One step: changes {@code weights} in place.
   *
   * @param gradients of the same names and lengths; not changed
   */
  void step(Map<String, float[]> weights, Map<String, float[]> gradients, double learningRate) {
    steps++;
    double correction1 = 1 - Math.pow(settings.beta1(), steps);
    double correction2 = 1 - Math.pow(settings.beta2(), steps);
    float stepSize = (float) -(learningRate / correction1);
    float rootCorrection2 = (float) Math.sqrt(correction2);
    weights.forEach(
        (name, weight) -> {
          float[] gradient = gradients.get(name);
          if (gradient == null || gradient.length != weight.length) {
            throw new IllegalArgumentException(
                "no gradient of %d values for \"%s\"".formatted(weight.length, name));
          }
          Moments m = moments.computeIfAbsent(name, n -> Moments.zero(weight.length));
          update(weight, gradient, m, learningRate, stepSize, rootCorrection2);
        });
  }

  private void update(
      float[] weight,
      float[] gradient,
      Moments m,
      double learningRate,
      float stepSize,
      float rootCorrection2) {
    boolean decoupled = settings.kind() == OptimizerSettings.Kind.ADAMW;
    float keep = decoupled ? (float) (1 - learningRate * settings.weightDecay()) : 1;
    float l2 = decoupled ? 0 : (float) settings.weightDecay();
    float share1 = (float) (1 - settings.beta1());
    float beta2 = (float) settings.beta2();
    float share2 = (float) (1 - settings.beta2());
    float epsilon = (float) settings.epsilon();
    float[] first = m.first();
    float[] second = m.second();
    for (int i = 0; i < weight.length; i++) {
      float g = gradient[i] + l2 * weight[i];
      first[i] += share1 * (g - first[i]);
      second[i] = second[i] * beta2 + share2 * g * g;
      float root = (float) Math.sqrt(second[i]) / rootCorrection2 + epsilon;
      weight[i] = weight[i] * keep + stepSize * first[i] / root;
    }
  }
}
