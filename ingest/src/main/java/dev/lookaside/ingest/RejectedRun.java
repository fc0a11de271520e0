package dev.lookaside.ingest;

/**
 * Neighbouring rejected chunks {@code [fromSequence, untilSequence)} of one stream, part of {@link
 * ChunkSequencer.State}. Numbers may be {@link AudioChunk#NOT_GIVEN}.
 *
 * @param fromSample first sample of the first chunk
 * @param lastSample first sample of the last chunk
 * @param lastSamples samples in the last chunk
 */
public record RejectedRun(
    long fromSequence, long fromSample, long untilSequence, long lastSample, long lastSamples) {

  static RejectedRun of(long sequence, long sample, long samples) {
    return new RejectedRun(sequence, sample, after(sequence), sample, samples);
  }

  RejectedRun extended(long sequence, long sample, long samples) {
    return new RejectedRun(fromSequence, fromSample, after(sequence), sample, samples);
  }

  long chunks() {
    return fromSequence < 0 ? 1 : untilSequence - fromSequence;
  }

  boolean liesIn(long from, long until) {
    return fromSequence >= from && untilSequence <= until && from >= 0 && fromSequence >= 0;
  }

  boolean continuedBy(long sequence, long sample) {
    boolean next = sequence >= 0 && sequence == untilSequence;
    return next && (sample >= 0) == (fromSample >= 0) && (sample < 0 || sample > lastSample);
  }

  private static long after(long sequence) {
    return sequence < 0 ? AudioChunk.NOT_GIVEN : sequence + 1;
  }
}
