package dev.lookaside.ingest.send;

import dev.lookaside.ingest.audio.Pcm;
import java.util.List;

/**
 * A stream and the truth about it.
 *
 * @param events ordered by onset; exact to the sample
 */
public record Scene(Pcm audio, List<LabelledEvent> events) {
  public Scene {
    events = List.copyOf(events);
  }
}
