package dev.lookaside.ingest.send;

import dev.lookaside.ingest.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * What became of one source.
 *
 * @param frames handed to Kafka
 * @param rateHz 0 if the source could not be opened
 * @param reconnects times that it was opened again
 * @param missingFrames length of the holes that it left while it was away
 * @param fault why it ended before its end, naming the source; null if it did not
 */
public record SentStream(
    StreamId stream,
    String name,
    long chunks,
    long frames,
    int rateHz,
    int reconnects,
    long missingFrames,
    @Nullable String fault) {
  /** A source of which nothing was sent. */
  static SentStream nothing(AudioSource source, String fault) {
    return new SentStream(source.stream(), source.name(), 0, 0, 0, 0, 0, fault);
  }

  /** Length of the holes. */
  public double missingSeconds() {
    return rateHz == 0 ? 0 : (double) missingFrames / rateHz;
  }

  /** Length of what was sent. */
  public double seconds() {
    return rateHz == 0 ? 0 : (double) frames / rateHz;
  }
}
