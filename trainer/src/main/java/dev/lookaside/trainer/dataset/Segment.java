package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.audio.Pcm;
import java.util.Optional;

/**
 * A labelled recording or part of one.
 *
 * @param id unique in its data set
 * @param split it belongs to
 * @param label index of its class, {@link #UNLABELLED} where the makers keep it to themselves
 * @param span the part; empty for the whole recording
 */
public record Segment(
    String id, Recording recording, String split, int label, Optional<Span> span) {
  /** Label of a segment whose class is not published. */
  public static final int UNLABELLED = -1;

  /** Its sound. */
  public Pcm read() {
    return span.isPresent() ? recording.read(span.get()) : recording.read();
  }
}
