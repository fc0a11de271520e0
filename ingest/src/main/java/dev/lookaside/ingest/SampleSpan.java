package dev.lookaside.ingest;

/**
 * A half-open run of samples {@code [fromSample, untilSample)} on one stream's clock, native rate.
 *
 * @param fromSample first sample, 0 or more
 * @param untilSample first sample after the run, {@code fromSample} or more
 */
public record SampleSpan(long fromSample, long untilSample) {
  public SampleSpan {
    if (fromSample < 0 || untilSample < fromSample) {
      throw new IngestException(
          "span [" + fromSample + ", " + untilSample + "): must be 0 <= from <= until");
    }
  }

  /** Number of samples, 0 for an empty span. */
  public long lengthSamples() {
    return untilSample - fromSample;
  }

  public boolean contains(long sample) {
    return fromSample <= sample && sample < untilSample;
  }
}
