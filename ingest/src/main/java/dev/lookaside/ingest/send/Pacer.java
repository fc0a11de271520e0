package dev.lookaside.ingest.send;

import dev.lookaside.ingest.IngestException;

/**
 * How long to wait before sound may be sent. Pure: time comes in as an argument.
 *
 * @param rateHz samples per second at which a live source would deliver; 0: never wait
 */
public record Pacer(int rateHz) {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** As fast as the receiver takes it. */
  public static final Pacer MAX = new Pacer(0);

  public Pacer {
    if (rateHz < 0) {
      throw new IngestException("rateHz \"%d\": must be 0 or more".formatted(rateHz));
    }
  }

  /** As a microphone would: a sample may be sent once its moment has passed. */
  public static Pacer realTime(int rateHz) {
    if (rateHz < 1) {
      throw new IngestException("rateHz \"%d\": must be 1 or more".formatted(rateHz));
    }
    return new Pacer(rateHz);
  }

  /**
   * Nanoseconds to wait before a chunk ending at {@code untilFrame} may go. Behind schedule it is
   * 0: what is late is sent at once, and the schedule does not move.
   *
   * @param untilFrame first frame after the chunk, since the stream's start
   * @param elapsedNanos since the stream's start
   */
  public long waitNanos(long untilFrame, long elapsedNanos) {
    if (rateHz == 0) {
      return 0;
    }
    long dueNanos =
        untilFrame / rateHz * NANOS_PER_SECOND + untilFrame % rateHz * NANOS_PER_SECOND / rateHz;
    return Math.max(0, dueNanos - elapsedNanos);
  }
}
