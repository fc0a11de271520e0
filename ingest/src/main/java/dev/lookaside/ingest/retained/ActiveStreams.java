package dev.lookaside.ingest.retained;

import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import java.time.Duration;
import java.time.Instant;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Which streams have sent chunks lately, by the end of {@code audio.chunks}. */
public final class ActiveStreams {
  private ActiveStreams() {}

  /**
   * Streams with a chunk that was written at most {@code within} ago, by id, with the capture time
   * at which the newest chunk of each begins: senders' clocks are their own.
   *
   * @param now time of the newest chunks to look at
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  public static SortedMap<String, Instant> newest(
      IngestSettings ingest, Predicate<StreamId> wanted, Duration within, Instant now) {
    SortedMap<String, Instant> newest = new TreeMap<>();
    AudioChunkCodec codec = ingest.codec();
    Start start = Start.at(now.minus(within));
    String topic = ingest.topics().chunks().name();
    try (TopicReader reader = TopicReader.open(ingest.clients(), "recent", start, topic)) {
      reader.readToEnd(
          record -> {
            if (codec.decode(record) instanceof AudioChunkCodec.Chunk c
                && wanted.test(c.chunk().stream())) {
              newest.merge(
                  c.chunk().stream().value(),
                  c.chunk().captureTime(),
                  (a, b) -> a.isAfter(b) ? a : b);
            }
          });
    }
    return newest;
  }
}
