package dev.lookaside.classifier.weights;

/**
 * Hysteresis of one label: an event opens when the posterior reaches {@code on} and closes when it
 * falls below {@code off}.
 */
public record Threshold(double on, double off) {
  /** Used for labels without thresholds of their own. */
  public static final Threshold DEFAULT = new Threshold(0.5, 0.3);

  public Threshold {
    if (!(on >= 0 && on <= 1)) {
      throw new IllegalArgumentException("threshold on " + on + ": must be 0 to 1");
    }
    if (!(off >= 0 && off <= on)) {
      throw new IllegalArgumentException("threshold off " + off + ": must be 0 to on (" + on + ")");
    }
  }
}
