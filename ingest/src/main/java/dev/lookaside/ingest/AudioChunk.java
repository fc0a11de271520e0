package dev.lookaside.ingest;

import java.time.Instant;
import java.util.Objects;

/**
 * One record of {@code audio.chunks}: a run of encoded samples of one stream.
 *
 * @param stream whose audio it is
 * @param partition where it lies, or {@value #NOT_GIVEN} before it is sent
 * @param recordOffset Kafka position, or {@value #NOT_GIVEN} before it is sent
 * @param sequence 0, 1, 2, ... since the stream started, or {@value #NOT_GIVEN}
 * @param sampleOffset first sample since the stream started, native rate, at most {@link
 *     #MAX_SAMPLE_OFFSET}, or {@value #NOT_GIVEN}
 * @param captureTime when the first sample was captured
 * @param format how {@code payload} is encoded
 * @param payload encoded audio; shared with the Kafka record and never written again
 * @param last true if the stream ends with this chunk
 */
@SuppressWarnings("ArrayRecordComponent") // A copy per chunk is what this class must avoid.
public record AudioChunk(
    StreamId stream,
    int partition,
    long recordOffset,
    long sequence,
    long sampleOffset,
    Instant captureTime,
    AudioFormat format,
    byte[] payload,
    boolean last) {
  /** Stands for a number the sender did not give. */
  public static final int NOT_GIVEN = -1;

  /**
   * 2^45 samples: 23 years at 48 kHz, one at 1 MHz. Small enough that a sample position times a
   * front end's rate still fits a {@code long}, which the exact arithmetic of resampling needs.
   */
  public static final long MAX_SAMPLE_OFFSET = 1L << 45;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  public AudioChunk {
    Objects.requireNonNull(stream, "stream");
    Objects.requireNonNull(captureTime, "captureTime");
    Objects.requireNonNull(format, "format");
    Objects.requireNonNull(payload, "payload");
    check("partition", partition, Integer.MAX_VALUE);
    check("recordOffset", recordOffset, Long.MAX_VALUE);
    check("sequence", sequence, Long.MAX_VALUE);
    check("sampleOffset", sampleOffset, MAX_SAMPLE_OFFSET);
  }

  /**
   * Capture time of {@code sample}, rounded down to a nanosecond. Senders stamp chunks with it and
   * {@link #epoch} is its exact inverse, so every chunk of such a stream names the same epoch.
   */
  public static Instant timeOf(Instant epoch, long sample, int rateHz) {
    return epoch.plusSeconds(sample / rateHz).plusNanos(nanosPart(sample, rateHz));
  }

  /** Capture time of sample 0 if this chunk starts at {@code sample}. */
  public static Instant epoch(Instant captureTime, long sample, int rateHz) {
    return captureTime.minusSeconds(sample / rateHz).minusNanos(nanosPart(sample, rateHz));
  }

  private static long nanosPart(long sample, int rateHz) {
    return sample % rateHz * NANOS_PER_SECOND / rateHz;
  }

  private static void check(String field, long value, long max) {
    if (value < NOT_GIVEN || value > max) {
      throw new IngestException(
          new Rejection(
              Rejection.Reason.BAD_HEADER,
              field,
              Long.toString(value),
              "must be 0 to " + max + ", or -1 for not given"));
    }
  }
}
