package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.IngestSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;

/** What {@code send} has written to a topic of its own, read from the topic's beginning. */
final class SentChunks {
  private SentChunks() {}

  /** Until a chunk is its stream's last. */
  static List<AudioChunk> untilLast(EmbeddedKafka kafka, String topic) {
    return until(kafka, topic, chunks -> chunks.stream().anyMatch(AudioChunk::last));
  }

  static List<AudioChunk> until(
      EmbeddedKafka kafka, String topic, Predicate<List<AudioChunk>> enough) {
    IngestSettings settings =
        IngestSettings.of(
            Configuration.over(
                Map.of(
                    "lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers())));
    Map<String, Object> config = new HashMap<>(settings.kafkaClients());
    config.put("group.id", UUID.randomUUID().toString());
    config.put("auto.offset.reset", "earliest");
    AudioChunkCodec codec = settings.codec();
    List<AudioChunk> chunks = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      Awaitility.await()
          .atMost(Duration.ofSeconds(120))
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(100))) {
                  chunks.add(((AudioChunkCodec.Chunk) codec.decode(r)).chunk());
                }
                return enough.test(chunks);
              });
    }
    return chunks;
  }
}
