package dev.lookaside.trainer.loop;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Which streams have sent chunks lately, by the keys at the end of {@code audio.chunks}. */
final class ActiveStreams {
  private static final Duration ASK = Duration.ofSeconds(5);
  private static final Duration POLL = Duration.ofMillis(100);

  private ActiveStreams() {}

  /**
   * Streams of a scope with a record that is at most {@code within} old, sorted by id.
   *
   * @param now time of the newest records to look at
   */
  static List<StreamId> find(IngestSettings ingest, Scope scope, Duration within, Instant now) {
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

  /** Reads the records of a topic that are at most {@code within} old. */
  static void read(
      IngestSettings ingest,
      String topic,
      Duration within,
      Instant now,
      java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> action) {
    Map<String, Object> properties = new HashMap<>(ingest.kafkaClients());
    properties.put("enable.auto.commit", "false");
    properties.put("allow.auto.create.topics", "false");
    properties.put("default.api.timeout.ms", Long.toString(ASK.toMillis()));
    try (Consumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic, ASK).stream()
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      consumer.assign(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, ASK);
      seek(consumer, partitions, now.minus(within), ends);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
        consumer.poll(POLL).forEach(action);
      }
    }
  }

  private static void seek(
      Consumer<byte[], byte[]> consumer,
      List<TopicPartition> partitions,
      Instant from,
      Map<TopicPartition, Long> ends) {
    Map<TopicPartition, Long> times = new HashMap<>();
    partitions.forEach(p -> times.put(p, from.toEpochMilli()));
    Map<TopicPartition, OffsetAndTimestamp> starts = consumer.offsetsForTimes(times, ASK);
    for (TopicPartition p : partitions) {
      OffsetAndTimestamp start = starts.get(p);
      consumer.seek(p, start == null ? ends.getOrDefault(p, 0L) : start.offset());
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
