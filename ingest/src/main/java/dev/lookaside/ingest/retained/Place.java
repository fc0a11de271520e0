package dev.lookaside.ingest.retained;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a stretch of a stream lies on {@code audio.chunks}, or why it does not. */
public sealed interface Place {
  /**
   * At least one chunk of the stretch is there.
   *
   * @param partition of the topic
   * @param recordOffset of the last chunk that starts at or before the stretch; if there is none,
   *     of the first one within it
   * @param endOffset the log's end when it was asked: what comes later was not there
   * @param firstKept null if a chunk starts at or before the stretch; else where the first one
   *     starts, and so what is missing
   */
  record Found(int partition, long recordOffset, long endOffset, @Nullable Missing firstKept)
      implements Place {}

  /**
   * There is none.
   *
   * @param at capture time of the chunk that shows it: the oldest that is kept for {@link
   *     Cause#NOT_RETAINED} and {@link Cause#BEFORE_START}; empty for {@link Cause#UNKNOWN_STREAM}
   */
  record Missing(Cause cause, Optional<Instant> at) implements Place {
    public Missing {
      Objects.requireNonNull(cause, "cause");
      Objects.requireNonNull(at, "at");
    }
  }
}
