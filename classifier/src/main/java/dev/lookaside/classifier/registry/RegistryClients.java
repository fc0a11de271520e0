package dev.lookaside.classifier.registry;

import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.TopicSettings;
import dev.lookaside.ingest.Topics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka clients for the registry's topics, with the settings that all modules share. */
public final class RegistryClients {
  /** As long as a client may stand still for a broker that does not answer. */
  private static final String MAX_BLOCK_MILLIS = "5000";

  private final IngestSettings ingest;

  public RegistryClients(IngestSettings ingest) {
    this.ingest = ingest;
  }

  TopicSettings.Registry topics() {
    return ingest.topics().registry();
  }

  /**
   * Makes or checks the topics.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   * @throws dev.lookaside.ingest.IngestException if a topic is missing or wrong
   */
  void ensureTopics() {
    Topics.ensureRegistry(ingest);
  }

  /**
   * The offset that the next record of the ledger's topic gets.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   * @throws dev.lookaside.ingest.IngestException if a topic is missing or wrong
   */
  public long ledgerEnd() {
    ensureTopics();
    TopicPartition ledger = new TopicPartition(topics().cutovers().name(), 0);
    try (Consumer<byte[], byte[]> consumer = consumer()) {
      return consumer.endOffsets(List.of(ledger)).getOrDefault(ledger, 0L);
    }
  }

  /** A consumer without a group, not assigned yet; the caller's to close. */
  Consumer<byte[], byte[]> consumer() {
    Map<String, Object> properties = new HashMap<>(ingest.kafkaClients());
    properties.put("enable.auto.commit", "false");
    properties.put("allow.auto.create.topics", "false");
    properties.put("auto.offset.reset", "earliest");
    // What is asked for is mostly there already; a fetch under way at another place delays a seek.
    properties.put("fetch.max.wait.ms", "20");
    properties.put("default.api.timeout.ms", MAX_BLOCK_MILLIS);
    return new KafkaConsumer<>(
        properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** A producer that loses and doubles nothing; the caller's to close. */
  Producer<byte[], byte[]> producer() {
    Map<String, Object> properties = new HashMap<>(ingest.kafkaClients());
    properties.put("acks", "all");
    properties.put("enable.idempotence", "true");
    properties.put("max.block.ms", MAX_BLOCK_MILLIS);
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
