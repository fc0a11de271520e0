package dev.lookaside.trainer.drift;

import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.drift.Measured.Measure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;

/**
 * What an adapter's own training sounds look like to it, and how far other recordings of the same
 * kinds lie from them. Made in two steps, for one thread:
 *
 * <pre>
 *   fit        looks at sounds that the adapter was fitted on   means of kinds, posteriors' profile
 *   calibrate  looks at held-out recordings of these kinds      one value of each measure per look
 * </pre>
 *
 * <p>A bound is a quantile of the calibration's values for as many windows as were scored. A look
 * that is exchangeable with the calibration's lies above one of the two bounds with a chance of at
 * most {@code falseAlarmRate}, whatever the distribution ({@link Conformal}; half the rate for
 * each). How true that is of a real stream depends on how well the held-out recordings represent
 * it.
 */
final class Reference {
  /** Below the bound that so many times more of the calibration exceed, a stream is calm again. */
  private static final double CALM_FACTOR = 10;

  private static final double CALM_RATE_MAX = .25;

  /** One look of the calibration: the distance of each window, and its posteriors. */
  private record Calibration(double[] distances, Sample look) {}

  private record Bounds(Measure embedding, Measure posterior) {}

  /** The fit's part: give it all looks at fitted sounds, then calibrate. */
  static final class Builder {
    private final List<String> labels;
    private final float[] on;
    private final float[] off;
    private final double falseAlarmRate;
    private final Components.Builder kinds = new Components.Builder();
    private final Profile profile;

    /**
     * @param labels in the order of a row's posteriors
     * @param on per class, the posterior at which an event begins
     * @param off per class, the posterior below which it ends
     */
    Builder(List<String> labels, float[] on, float[] off, double falseAlarmRate) {
      this.labels = List.copyOf(labels);
      this.on = on.clone();
      this.off = off.clone();
      this.falseAlarmRate = falseAlarmRate;
      this.profile = new Profile(labels.size());
    }

    /**
     * A look at fitted sounds.
     *
     * @param kindOf which kind sounds in a row
     */
    void fit(Sample look, IntFunction<String> kindOf) {
      kinds(look, kindOf);
      profile.add(look, look.windows(), on, off);
    }

    /** One whose embeddings count and whose classes come as often as they come. */
    void kinds(Sample look, IntFunction<String> kindOf) {
      for (int r = 0; r < look.rows(); r++) {
        kinds.add(kindOf.apply(r), look.embeddings()[r]);
      }
    }

    /**
     * Ready to be calibrated.
     *
     * @throws TrainerException if there was too little
     */
    Reference build() {
      return new Reference(this, kinds.build());
    }
  }

  private final List<String> labels;
  private final float[] on;
  private final float[] off;
  private final double rate;
  private final Components components;
  private final Profile profile;
  private final List<Calibration> calibration = new ArrayList<>();
  private final Map<Integer, Bounds> bounds = new HashMap<>();

  private Reference(Builder fitted, Components components) {
    this.labels = fitted.labels;
    this.on = fitted.on;
    this.off = fitted.off;
    this.rate = fitted.falseAlarmRate / DriftSettings.MEASURES;
    this.components = components;
    this.profile = fitted.profile;
  }

  /** A look at held-out sounds. Not after the first {@link #measure}. */
  void calibrate(Sample look) {
    float[][] none = new float[look.rows()][0];
    calibration.add(
        new Calibration(
            distances(look),
            new Sample(look.rowsPerWindow(), look.windowSeconds(), none, look.posteriors())));
  }

  int looks() {
    return calibration.size();
  }

  /** Mean distance of each window's rows. */
  private double[] distances(Sample look) {
    double[] distances = new double[look.windows()];
    for (int r = 0; r < look.rows(); r++) {
      double distance = components.distance(look.embeddings()[r]);
      distances[r / look.rowsPerWindow()] += distance / look.rowsPerWindow();
    }
    return distances;
  }

  private double divergence(Sample look, int windows) {
    Profile own = new Profile(labels.size());
    own.add(look, windows, on, off);
    return own.divergence(profile);
  }

  private static double mean(double[] values, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += values[i];
    }
    return sum / count;
  }

  /**
   * Measures a stretch of a stream.
   *
   * @param look at least one window; what is more than the calibration's looks hold does not count
   */
  Measured measure(Sample look) {
    int windows = Math.min(look.windows(), longest());
    Bounds its = bounds.computeIfAbsent(windows, this::boundsOf);
    Profile own = new Profile(labels.size());
    own.add(look, windows, on, off);
    return new Measured(
        windows * look.windowSeconds(),
        valued(its.embedding, mean(distances(look), windows)),
        valued(its.posterior, own.divergence(profile)),
        own.shifts(labels, profile));
  }

  private static Measure valued(Measure bounds, double value) {
    return new Measure(value, bounds.bound(), bounds.calm());
  }

  private int longest() {
    return calibration.stream().mapToInt(c -> c.distances.length).max().orElse(0);
  }

  private Bounds boundsOf(int windows) {
    return new Bounds(
        bound(windows, c -> mean(c.distances, windows)),
        bound(windows, c -> divergence(c.look, windows)));
  }

  private Measure bound(int windows, ToDoubleFunction<Calibration> value) {
    double[] values =
        calibration.stream()
            .filter(c -> c.distances.length >= windows)
            .mapToDouble(value)
            .toArray();
    double calmRate = Math.min(CALM_RATE_MAX, CALM_FACTOR * rate);
    return new Measure(
        0, Conformal.bound(values, rate), Conformal.bound(values, Math.max(rate, calmRate)));
  }

  /**
   * A bound that a value exceeds with a known chance at most, whatever its distribution.
   *
   * @see "Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Bates et al.,
   *     Testing for outliers with conformal p-values, arXiv 2104.08279"
   */
  static final class Conformal {
    private Conformal() {}

    /**
     * The bound: if the next value is exchangeable with the calibration's, it lies above with a
     * chance of at most {@code rate}.
     *
     * @param calibration in any order, not changed
     * @return infinite if there are too few values for this rate
     */
    static double bound(double[] calibration, double rate) {
      double[] sorted = calibration.clone();
      Arrays.sort(sorted);
      // The tolerance keeps (1 - .01) * 100 = 99 from becoming 100 by rounding.
      int rank = (int) Math.ceil((1 - rate) * (sorted.length + 1) - 1e-9);
      return rank > sorted.length ? Double.POSITIVE_INFINITY : sorted[Math.max(1, rank) - 1];
    }
  }
}
