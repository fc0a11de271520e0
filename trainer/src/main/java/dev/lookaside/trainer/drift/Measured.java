package dev.lookaside.trainer.drift;

import java.util.List;
import java.util.Locale;

/**
 * A stretch of a stream against the reference.
 *
 * @param seconds of audio that counted
 * @param embedding mean distance to the nearest known kind of sound, about 1 for the fit's own
 * @param posterior divergence of the posteriors' histograms, in bits
 * @param classes posteriors by class
 */
public record Measured(
    double seconds, Measure embedding, Measure posterior, List<ClassShift> classes) {
  /**
   * One value with its bounds.
   *
   * @param bound above which it is unlike the reference
   * @param calm up to which it is like the reference again; at most {@code bound}
   */
  public record Measure(double value, double bound, double calm) {
    /** How far it is on the way to its bound: above 1 beyond it. */
    public double ratio() {
      return value / bound;
    }
  }

  public Measured {
    classes = List.copyOf(classes);
  }

  /** Whether anything is above its bound. */
  public boolean above() {
    return ratio() > 1;
  }

  /** Whether everything is well below its bound. */
  public boolean calm() {
    return embedding.value() <= embedding.calm() && posterior.value() <= posterior.calm();
  }

  /** The greater of the two. */
  public double ratio() {
    return Math.max(embedding.ratio(), posterior.ratio());
  }

  /** Which measure is above its bound, its value and its bound. */
  public String text() {
    boolean first = embedding.ratio() >= posterior.ratio();
    Measure m = first ? embedding : posterior;
    return String.format(
        Locale.ROOT,
        "%s %.3f, bound %.3f",
        first ? "embedding" : "posterior",
        m.value(),
        m.bound());
  }
}
