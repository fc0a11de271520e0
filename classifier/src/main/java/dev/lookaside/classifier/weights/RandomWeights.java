package dev.lookaside.classifier.weights;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Seeded starting values; the same seed gives the same numbers on every JVM. */
final class RandomWeights {
  private final RandomGenerator random;

  RandomWeights(long seed) {
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  /** Normal with the given deviation, cut at two deviations. */
  FloatTensor truncatedNormal(double deviation, int... shape) {
    float[] values = new float[(int) FloatTensor.elements(shape)];
    for (int i = 0; i < values.length; i++) {
      double x;
      do {
        x = random.nextGaussian();
      } while (Math.abs(x) > 2);
      values[i] = (float) (x * deviation);
    }
    return FloatTensor.of(shape, values);
  }

  /** Uniform in {@code [-bound, bound)}. */
  FloatTensor uniform(double bound, int... shape) {
    float[] values = new float[(int) FloatTensor.elements(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
    return FloatTensor.of(shape, values);
  }

  static FloatTensor constant(float value, int... shape) {
    float[] values = new float[(int) FloatTensor.elements(shape)];
    Arrays.fill(values, value);
    return FloatTensor.of(shape, values);
  }
}
