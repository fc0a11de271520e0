package dev.lookaside.ingest.send;

import dev.lookaside.ingest.audio.Pcm;
import java.util.random.RandomGenerator;

/**
 * A made-up background: noise whose power falls with frequency like that of rooms and weather, and
 * whose loudness drifts slowly.
 */
public final class BackgroundNoise {
  private static final double DRIFT_SECONDS = 2;
  private static final double DRIFT_DB = 3;

  private BackgroundNoise() {}

  /**
   * The same samples for the same arguments on every machine.
   *
   * @return about -20 dBFS RMS; whoever uses it sets the level
   * @see "Paul Kellet's economy filter: white to pink within 0.5 dB above 40 Hz at 44.1 kHz; at
   *     other rates the slope is the same and the corner moves"
   */
  public static Pcm pink(long seed, int rateHz, double seconds) {
    RandomGenerator random = SceneComposer.random(seed);
    float[] out = new float[(int) Math.round(seconds * rateHz)];
    int knotSamples = (int) (DRIFT_SECONDS * rateHz);
    double b0 = 0;
    double b1 = 0;
    double b2 = 0;
    double fromGain = gain(random);
    double toGain = gain(random);
    for (int i = 0; i < out.length; i++) {
      int inKnot = i % knotSamples;
      if (inKnot == 0 && i > 0) {
        fromGain = toGain;
        toGain = gain(random);
      }
      double white = white(random);
      b0 = 0.99765 * b0 + white * 0.0990460;
      b1 = 0.96300 * b1 + white * 0.2965164;
      b2 = 0.57000 * b2 + white * 1.0526913;
      double pink = b0 + b1 + b2 + white * 0.1848;
      double drift = fromGain + (toGain - fromGain) * inKnot / knotSamples;
      out[i] = (float) (0.05 * drift * pink);
    }
    return new Pcm(rateHz, out);
  }

  private static double gain(RandomGenerator random) {
    return SceneComposer.decibels((2 * random.nextDouble() - 1) * DRIFT_DB);
  }

  /** Nearly Gaussian by summing: the library's Gaussian may differ in the last bit by machine. */
  private static double white(RandomGenerator random) {
    double sum = random.nextDouble() + random.nextDouble() + random.nextDouble();
    return 2 * sum - 3;
  }
}
