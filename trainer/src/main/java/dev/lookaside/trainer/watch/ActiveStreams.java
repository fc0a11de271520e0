package dev.lookaside.trainer.watch;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which streams have sent chunks lately, by the keys at the end of {@code audio.chunks}. */
public final class ActiveStreams {
  private ActiveStreams() {}

  /**
   * Streams of a scope with a record that is at most {@code within} old, sorted by id.
   *
   * @param now time of the newest records to look at
   */
  public static List<StreamId> find(
      IngestSettings ingest, Scope scope, Duration within, Instant now) {
    SortedSet<String> found = new TreeSet<>();
    read(
        ingest,
        ingest.topics().chunks().name(),
        within,
        now,
        record -> {
          if (record.key() != null) {
            found.add(new String(record.key(), UTF_8));
          }
        });
    return found.stream().flatMap(id -> stream(id).stream()).filter(scope::covers).toList();
  }

  /**
   * The same with the capture time at which the newest chunk of each begins: senders' clocks are
   * their own.
   */
  static SortedMap<String, Instant> newest(
      IngestSettings ingest, Scope scope, Duration within, Instant now) {
    SortedMap<String, Instant> newest = new TreeMap<>();
    AudioChunkCodec codec = ingest.codec();
    read(
        ingest,
        ingest.topics().chunks().name(),
        within,
        now,
        record -> {
          if (codec.decode(record) instanceof AudioChunkCodec.Chunk c
              && scope.covers(c.chunk().stream())) {
            newest.merge(
                c.chunk().stream().value(),
                c.chunk().captureTime(),
                (a, b) -> a.isAfter(b) ? a : b);
          }
        });
    return newest;
  }

  /**
   * Reads the records of a topic that are at most {@code within} old.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  static void read(
      IngestSettings ingest,
      String topic,
      Duration within,
      Instant now,
      TopicReader.Handler action) {
    Start start = Start.at(now.minus(within));
    try (TopicReader reader = TopicReader.open(ingest.clients(), "recent", start, topic)) {
      reader.readToEnd(action);
    }
  }

  /** None for a key that is no stream's id. */
  private static List<StreamId> stream(String id) {
    try {
      return List.of(new StreamId(id));
    } catch (IngestException e) {
      return List.of();
    }
  }
}
