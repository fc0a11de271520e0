package dev.lookaside.ingest;

import dev.lookaside.ingest.kafka.UnreachableException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
   * Makes sure that all topics are there, without keeping the caller waiting. Fails with {@link
   * UnreachableException} if no broker answers, with another {@link IngestException} if a topic is
   * missing or wrong.
   */
  CompletionStage<Void> ensureTopics();

  /** A consumer, not subscribed yet; the caller's to close. */
  Consumer<byte[], byte[]> consumer();

  /** The producer of dead letters; the caller's to close. */
  Producer<byte[], byte[]> letterProducer();

  /** Real ones. */
  static SourceClients of(IngestSettings settings) {
    return new SourceClients() {
      @Override
      public CompletionStage<Void> ensureTopics() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread thread =
            new Thread(
                () -> {
                  try {
                    Topics.ensure(settings);
                    done.complete(null);
                  } catch (RuntimeException | Error e) {
                    done.completeExceptionally(e);
                  }
                },
                "lookaside-topics");
        // A check that hangs must not keep the process alive.
        thread.setDaemon(true);
        thread.start();
        return done;
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
