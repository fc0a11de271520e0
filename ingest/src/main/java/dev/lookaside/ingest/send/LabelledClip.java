package dev.lookaside.ingest.send;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.Pcm;

/**
 * A sound that is one event from its first to its last sample.
 *
 * @param label its class
 * @param pcm not empty
 */
public record LabelledClip(String label, Pcm pcm) {
  public LabelledClip {
    if (label.isBlank()) {
      throw new IngestException("label \"%s\": must not be blank".formatted(label));
    }
    if (pcm.lengthSamples() == 0) {
      throw new IngestException("clip \"%s\": must hold samples".formatted(label));
    }
  }
}
