package dev.lookaside.ingest.retained;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.audio.Pcm;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/** What a stretch of a stream was found to hold. */
public sealed interface Retained {
  /**
   * Some audio.
   *
   * @param pieces at least one, in the order they were sent; between two there is a hole or a new
   *     start of the stream
   * @param holes stretches of what was asked for that no piece covers, in order
   */
  record Audio(List<Piece> pieces, List<Hole> holes) implements Retained {
    public Audio {
      pieces = List.copyOf(pieces);
      holes = List.copyOf(holes);
    }

    /** True if all that was asked for is in one piece. */
    public boolean whole() {
      return pieces.size() == 1 && holes.isEmpty();
    }
  }

  /**
   * None.
   *
   * @param message for people: what was asked for and what there is
   */
  record Nothing(Cause cause, String message) implements Retained {
    public Nothing {
      Objects.requireNonNull(cause, "cause");
    }
  }

  /**
   * A run of samples without a hole.
   *
   * @param start capture time of the first one
   * @param pcm at the rate the stream was sent with
   */
  record Piece(Instant start, Pcm pcm) {
    /** Capture time of the end: of the sample that would come next. */
    public Instant end() {
      return timeOf(pcm.lengthSamples());
    }

    /** Capture time of a sample of this piece. */
    public Instant timeOf(int sample) {
      return AudioChunk.timeOf(start, sample, pcm.rateHz());
    }

    /** What lies between two times; without samples if nothing does. */
    public Piece part(Instant from, Instant until) {
      int first = sampleAt(from);
      int end = Math.max(first, sampleAt(until));
      return new Piece(timeOf(first), pcm.part(first, end));
    }

    private int sampleAt(Instant time) {
      if (time.isBefore(start)) {
        return 0;
      }
      if (time.isAfter(end())) {
        return pcm.lengthSamples();
      }
      double seconds = Duration.between(start, time).toNanos() / 1e9;
      return (int) Math.min(Math.round(seconds * pcm.rateHz()), pcm.lengthSamples());
    }
  }

  /** A half-open stretch of capture time without audio. */
  record Hole(Instant from, Instant until, Cause cause) {}
}
