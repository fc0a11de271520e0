package dev.lookaside.ingest;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Kafka clients a {@link KafkaSource} works with; tests give it others. */
interface SourceClients {
  /**
   * Makes sure that all topics are there.
   *
   * @throws UnreachableException if no broker answers
   * @throws IngestException if a topic is missing or wrong
   */
  void ensureTopics();

  /** A consumer, not subscribed yet; the caller's to close. */
  Consumer<byte[], byte[]> consumer();

  /** The producer of dead letters; the caller's to close. */
  Producer<byte[], byte[]> letterProducer();

  /** Real ones. */
  static SourceClients of(IngestSettings settings) {
    return new SourceClients() {
      @Override
      public void ensureTopics() {
        Topics.ensure(settings);
      }

      @Override
      public Consumer<byte[], byte[]> consumer() {
        Map<String, Object> properties = new HashMap<>(settings.source().consumerProperties());
        properties.put(ConsumerConfig.GROUP_ID_CONFIG, settings.source().group());
        // Offsets are committed when records are settled, never because time has passed.
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        return new KafkaConsumer<>(
            properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      }

      @Override
      public Producer<byte[], byte[]> letterProducer() {
        return new KafkaProducer<>(
            settings.source().letterProperties(),
            new ByteArraySerializer(),
            new ByteArraySerializer());
      }
    };
  }
}
