package dev.lookaside.featurizer;

import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.SampleSpan;
import java.time.Instant;

/**
 * The decoded samples of one chunk.
 *
 * @param span where they lie on the stream's clock, native rate
 * @param samples mono, {@code span.lengthSamples()} of them; never written again
 * @param captureTime when the first one was captured
 * @param assignment tenure the record was read in
 * @param recordOffset its record
 */
@SuppressWarnings("ArrayRecordComponent") // The decoder's own array, handed on.
record Piece(
    SampleSpan span,
    float[] samples,
    Instant captureTime,
    Assignment assignment,
    long recordOffset) {
  Piece {
    if (samples.length != span.lengthSamples()) {
      throw new IllegalArgumentException(
          "samples \"%d\": span %s holds %d".formatted(samples.length, span, span.lengthSamples()));
    }
  }
}
