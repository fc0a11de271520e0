package dev.lookaside.ingest;

import java.util.Objects;

/**
 * How far one stream is: the value of its record on {@code lookaside.progress}, key = stream id,
 * partition = that of its chunks.
 *
 * <pre>
 *   byte    1                 version of this envelope
 *   int64   resumeOffset
 *   int64   throughOffset
 *   int64   logTimeMillis
 *   byte    ended, 0 or 1
 *   int32   bytes of state
 *   ...     state
 * </pre>
 *
 * @param resumeOffset oldest record of the stream that is needed to go on; earlier ones are done
 * @param throughOffset newest record that {@code state} knows of
 * @param logTimeMillis append time of that record
 * @param ended the stream was ended because it fell idle, and nothing of it has come since
 * @param state of whoever scores and decodes the stream; not written again
 */
@SuppressWarnings("ArrayRecordComponent") // Written once, passed on as it is.
public record StreamProgress(
    long resumeOffset, long throughOffset, long logTimeMillis, boolean ended, byte[] state) {
  private static final byte VERSION = 1;

  public StreamProgress {
    Objects.requireNonNull(state, "state");
    if (resumeOffset < 0 || resumeOffset > throughOffset + 1) {
      throw new IngestException(
          "progress, resumeOffset \"%d\": must be 0 to throughOffset + 1 = %d"
              .formatted(resumeOffset, throughOffset + 1));
    }
  }

  /** The record's value. */
  public byte[] toBytes() {
    return new ProgressBytes.Writer()
        .int8(VERSION)
        .int64(resumeOffset)
        .int64(throughOffset)
        .int64(logTimeMillis)
        .bool(ended)
        .block(state)
        .toByteArray();
  }

  /**
   * Reads a record's value.
   *
   * @throws IngestException if it is none of this version
   */
  public static StreamProgress of(byte[] value) {
    if (value.length == 0 || value[0] != VERSION) {
      throw new IngestException(
          "progress, version \"%s\": must be %d"
              .formatted(value.length == 0 ? "" : value[0], VERSION));
    }
    ProgressBytes.Reader in = new ProgressBytes.Reader(value);
    in.int8();
    StreamProgress progress =
        new StreamProgress(in.int64(), in.int64(), in.int64(), in.bool(), in.block());
    if (!in.atEnd()) {
      throw in.bad("must end here");
    }
    return progress;
  }
}
