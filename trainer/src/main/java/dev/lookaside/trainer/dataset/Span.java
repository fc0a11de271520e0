package dev.lookaside.trainer.dataset;

/**
 * A part of a recording.
 *
 * @param onsetSeconds from the recording's start, 0 or more
 * @param offsetSeconds after the onset
 */
public record Span(double onsetSeconds, double offsetSeconds) {
  /** The part of exactly the samples {@code [from, until)}: half a sample keeps rounding away. */
  static Span ofSamples(long from, long until, int rateHz) {
    return new Span((from + 0.5) / rateHz, (until + 0.5) / rateHz);
  }
}
