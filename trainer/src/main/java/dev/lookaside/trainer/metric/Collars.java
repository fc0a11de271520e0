package dev.lookaside.trainer.metric;

/**
 * How far a detected event may be from a true one to count as the same (sed_eval's rule).
 *
 * @param onsetSeconds largest |onset difference|, inclusive
 * @param offsetMatters whether offsets are compared at all
 * @param offsetSeconds with {@code offsetMatters}: the offset collar is the larger of this and ...
 * @param offsetShare ... this share, 0 to 1, of the true event's length
 * @see <a href="https://doi.org/10.3390/app6060162">Mesaros, Heittola, Virtanen: Metrics for
 *     Polyphonic Sound Event Detection, Applied Sciences 6(6), 2016</a>
 */
public record Collars(
    double onsetSeconds, boolean offsetMatters, double offsetSeconds, double offsetShare) {

  /**
   * @throws IllegalArgumentException if a collar is negative or not finite, or the share not in
   *     0..1
   */
  public Collars {
    requireCollar("onsetSeconds", onsetSeconds);
    requireCollar("offsetSeconds", offsetSeconds);
    if (!(offsetShare >= 0 && offsetShare <= 1)) {
      throw new IllegalArgumentException("offsetShare \"" + offsetShare + "\": must be 0 to 1");
    }
  }

  private static void requireCollar(String field, double seconds) {
    if (!(seconds >= 0) || Double.isInfinite(seconds)) {
      throw new IllegalArgumentException(
          field + " \"" + seconds + "\": must be finite and 0 or more");
    }
  }

  /** Onsets decide alone. */
  public static Collars onset(double onsetSeconds) {
    return new Collars(onsetSeconds, false, 0, 0);
  }

  /** Onset and offset: the offset may also be off by {@code offsetShare} of the true length. */
  public static Collars onsetAndOffset(double seconds, double offsetShare) {
    return new Collars(seconds, true, seconds, offsetShare);
  }

  /** DCASE task 4: 200 ms for both, offset also 20 % of the true length. */
  public static Collars dcase() {
    return onsetAndOffset(0.2, 0.2);
  }

  /**
   * Whether times agree. Differences are plain {@code double} subtractions, as in sed_eval: a pair
   * exactly one collar apart may round to either side.
   */
  boolean accept(Event truth, Event found) {
    if (Math.abs(truth.onsetSeconds() - found.onsetSeconds()) > onsetSeconds) {
      return false;
    }
    double allowed = Math.max(offsetSeconds, offsetShare * truth.lengthSeconds());
    return !offsetMatters || Math.abs(truth.offsetSeconds() - found.offsetSeconds()) <= allowed;
  }
}
