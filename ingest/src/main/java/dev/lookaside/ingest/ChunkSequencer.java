package dev.lookaside.ingest;

import java.time.Instant;
import java.util.Objects;

/**
 * Puts the chunks of one stream on the stream's sample clock: finds repeats, gaps, contradictions
 * and new starts. Pure: state and chunks in, verdicts out. Not thread-safe.
 */
public final class ChunkSequencer {
  /** What a chunk turned out to be. */
  public sealed interface Verdict permits Accept, Repeat, Rejected {}

  /**
   * The chunk is heard.
   *
   * @param span where its samples lie on the stream's clock, native rate
   * @param epoch capture time of the clock's sample 0
   * @param gapSamples samples right before the span that were never received
   * @param rejectedSamples samples right before the span that were received and rejected
   * @param newEpoch true if the clock starts with this chunk: what was heard before has ended
   * @param joined true if the clock starts and the chunk is not the stream's first: what came
   *     before is unknown, not silent
   */
  public record Accept(
      SampleSpan span,
      Instant epoch,
      long gapSamples,
      long rejectedSamples,
      boolean newEpoch,
      boolean joined)
      implements Verdict {
    public Accept {
      Objects.requireNonNull(span, "span");
      Objects.requireNonNull(epoch, "epoch");
    }
  }

  /** All of it was heard before; to be dropped and counted. */
  public enum Repeat implements Verdict {
    INSTANCE
  }

  /** Contradicts itself or what was heard; for the dead letters. */
  public record Rejected(Rejection rejection) implements Verdict {
    public Rejected {
      Objects.requireNonNull(rejection, "rejection");
    }
  }
}
