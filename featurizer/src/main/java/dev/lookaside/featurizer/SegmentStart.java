package dev.lookaside.featurizer;

import dev.lookaside.ingest.StreamId;
import java.time.Instant;

/**
 * Where a run of samples without a gap begins.
 *
 * @param stream whose samples they are
 * @param epoch capture time of the stream's sample 0
 * @param rateHz native rate
 * @param fromSample first sample on the stream's clock
 * @param before what lies before it
 * @param recordBeforeOffset for {@link Before#GAP} the last record before the gap: reading from
 *     there on shows the gap again; else ignored
 */
record SegmentStart(
    StreamId stream,
    Instant epoch,
    int rateHz,
    long fromSample,
    Before before,
    long recordBeforeOffset) {
  /** What lies before a segment. */
  enum Before {
    /** The stream starts here: zeros. */
    SILENCE,
    /** Samples that were not heard. */
    GAP,
    /** Unknown: processing began here, perhaps in the middle of a segment. */
    UNKNOWN
  }

  SegmentStart {
    if (before == Before.SILENCE && fromSample != 0) {
      throw new IllegalArgumentException(
          "fromSample \"%d\": must be 0 where the stream starts".formatted(fromSample));
    }
  }
}
