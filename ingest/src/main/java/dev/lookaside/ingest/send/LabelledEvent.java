package dev.lookaside.ingest.send;

import dev.lookaside.ingest.IngestException;

/**
 * What sounds when.
 *
 * @param onsetSeconds from the start of the stream
 * @param offsetSeconds its end, exclusive
 */
public record LabelledEvent(String label, double onsetSeconds, double offsetSeconds) {
  public LabelledEvent {
    if (!(onsetSeconds >= 0 && onsetSeconds < offsetSeconds)) {
      throw new IngestException(
          "event \"%s\": onset %s must be 0 or more and before offset %s"
              .formatted(label, onsetSeconds, offsetSeconds));
    }
  }
}
