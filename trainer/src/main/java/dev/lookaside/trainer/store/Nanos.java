package dev.lookaside.trainer.store;

import java.time.Instant;

/** Times as the index holds them: nanoseconds since 1970, up to the year 2262. */
final class Nanos {
  private static final long PER_SECOND = 1_000_000_000L;

  private Nanos() {}

  static long of(Instant time) {
    return Math.addExact(Math.multiplyExact(time.getEpochSecond(), PER_SECOND), time.getNano());
  }

  /** A bound: times that the index cannot hold are before or after all that it holds. */
  static long bound(Instant time) {
    if (time.isBefore(instant(Long.MIN_VALUE))) {
      return Long.MIN_VALUE;
    }
    return time.isAfter(instant(Long.MAX_VALUE)) ? Long.MAX_VALUE : of(time);
  }

  static Instant instant(long nanos) {
    return Instant.ofEpochSecond(
        Math.floorDiv(nanos, PER_SECOND), Math.floorMod(nanos, PER_SECOND));
  }
}
