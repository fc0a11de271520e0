package dev.lookaside.classifier.weights;

/**
 * Hysteresis of one label: an event opens when the posterior reaches {@code on} and closes when it
 * falls below {@code off}.
 *
 * @param minLengthMillis shorter events are dropped; 0: the label has no minimum of its own
 */
public record Threshold(double on, double off, int minLengthMillis) {
  /** Used for labels without thresholds of their own. */
  public static final Threshold DEFAULT = new Threshold(0.5, 0.3);

  private static final int HOUR_MILLIS = 3_600_000;

  public Threshold {
    if (!(on >= 0 && on <= 1)) {
      throw new IllegalArgumentException("threshold on " + on + ": must be 0 to 1");
    }
    if (!(off >= 0 && off <= on)) {
      throw new IllegalArgumentException("threshold off " + off + ": must be 0 to on (" + on + ")");
    }
    if (minLengthMillis < 0 || minLengthMillis > HOUR_MILLIS) {
      throw new IllegalArgumentException(
          "minLengthMillis " + minLengthMillis + ": must be 0 to " + HOUR_MILLIS);
    }
  }

  /** Without a minimum length. */
  public Threshold(double on, double off) {
    this(on, off, 0);
  }

  /** Another pair with the same minimum length. */
  public Threshold withPair(double newOn, double newOff) {
    return new Threshold(newOn, newOff, minLengthMillis);
  }
}
