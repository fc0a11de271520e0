package dev.lookaside.ingest.send;

import dev.lookaside.ingest.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * What became of one source.
 *
 * @param frames handed to Kafka
 * @param rateHz 0 if the source could not be opened
 * @param fault why it ended before its end, naming the source; null if it did not
 */
public record SentStream(
    StreamId stream, String name, long chunks, long frames, int rateHz, @Nullable String fault) {
  /** Length of what was sent. */
  public double seconds() {
    return rateHz == 0 ? 0 : (double) frames / rateHz;
  }
}
