package dev.lookaside.trainer.metric;

/**
 * A sound with a beginning and an end, true or detected.
 *
 * @param stream stream or file it occurs in; events of different streams never meet
 * @param label class
 * @param onsetSeconds beginning on the stream's own clock, finite
 * @param offsetSeconds end on the same clock, finite, not before the onset
 */
public record Event(String stream, String label, double onsetSeconds, double offsetSeconds) {
  /**
   * @throws IllegalArgumentException if a time is not finite or the offset lies before the onset
   */
  public Event {
    if (!Double.isFinite(onsetSeconds)) {
      throw new IllegalArgumentException("onsetSeconds \"" + onsetSeconds + "\": must be finite");
    }
    if (!Double.isFinite(offsetSeconds) || offsetSeconds < onsetSeconds) {
      throw new IllegalArgumentException(
          "offsetSeconds \"%s\": must be finite and not before onsetSeconds \"%s\""
              .formatted(offsetSeconds, onsetSeconds));
    }
  }

  /** Seconds from onset to offset, 0 or more. */
  public double lengthSeconds() {
    return offsetSeconds - onsetSeconds;
  }

  /** Seconds that both sound, 0 when they only touch; streams and labels are not looked at. */
  double intersectionSeconds(Event other) {
    double from = Math.max(onsetSeconds, other.onsetSeconds);
    double until = Math.min(offsetSeconds, other.offsetSeconds);
    return Math.max(0, until - from);
  }
}
