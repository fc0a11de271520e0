package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.infer.AdapterTestRun;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.weights.Adapter;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The logits of an adapter on a window that everybody can make: proof that it computes here what it
 * computed where it was judged.
 *
 * @param seed of the window, see {@link #window}
 * @param values the first logits of the window, row-major {@code [columns][classes]}, at most
 *     {@value #MAX_VALUES}
 */
public record GoldenLogits(long seed, List<Float> values) {
  /** Enough to tell models apart, small enough for a record. */
  public static final int MAX_VALUES = 1024;

  private static final long SEED = 1;

  public GoldenLogits {
    values = List.copyOf(values);
    if (values.isEmpty() || values.size() > MAX_VALUES) {
      throw RegistryException.of(
          "golden.logits", values.size() + " values", "must be 1 to " + MAX_VALUES);
    }
    for (float v : values) {
      if (!Float.isFinite(v)) {
        throw RegistryException.of("golden.logits", v, "must be finite");
      }
    }
  }

  /** Takes what is recorded of a window's logits. */
  public static GoldenLogits of(long seed, float[] logits) {
    List<Float> values = new ArrayList<>();
    for (int i = 0; i < Math.min(MAX_VALUES, logits.length); i++) {
      values.add(logits[i]);
    }
    return new GoldenLogits(seed, values);
  }

  /** Those that a decision about this adapter is written with, scored here. */
  public static GoldenLogits of(BackboneSessions sessions, Adapter adapter) {
    int values = adapter.shape().windowFrames() * adapter.shape().mels();
    float[] window = window(SEED, values);
    return of(SEED, AdapterTestRun.logits(sessions, LoadedAdapter.of(adapter), window));
  }

  /**
   * The window of a seed: {@code values} numbers, uniform in [-1, 1), already normalised. The
   * generator is Java's SplittableRandom, whose sequence is fixed by its specification.
   */
  public static float[] window(long seed, int values) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] window = new float[values];
    for (int i = 0; i < values; i++) {
      window[i] = (float) (2 * random.nextDouble() - 1);
    }
    return window;
  }

  /**
   * The greatest difference to what was computed here; infinite if there are fewer values here or
   * one is NaN.
   *
   * @param logits of {@link #window} with the same adapter
   */
  public double differs(float[] logits) {
    if (logits.length < values.size()) {
      return Double.POSITIVE_INFINITY;
    }
    double most = 0;
    for (int i = 0; i < values.size(); i++) {
      double d = Math.abs((double) logits[i] - values.get(i));
      most = Math.max(most, Double.isNaN(d) ? Double.POSITIVE_INFINITY : d);
    }
    return most;
  }
}
