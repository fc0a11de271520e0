package dev.lookaside.ingest.kafka;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/** Clients that a test has made: each that is asked for is this one. */
public record GivenClients(
    @Nullable Consumer<byte[], byte[]> consumer, @Nullable Producer<byte[], byte[]> producer)
    implements KafkaClients.Factory {
  /** Brokers at k1:9092 that count as unreachable after 2 s. */
  public static KafkaClients of(Consumer<byte[], byte[]> consumer) {
    return clients(new GivenClients(consumer, null));
  }

  /** As above, with a producer. */
  public static KafkaClients of(Producer<byte[], byte[]> producer) {
    return clients(new GivenClients(null, producer));
  }

  /** As above, by another factory. */
  public static KafkaClients clients(KafkaClients.Factory factory) {
    return new KafkaClients(Map.of("bootstrap.servers", "k1:9092"), Duration.ofSeconds(2), factory);
  }

  @Override
  public Consumer<byte[], byte[]> consumer(Map<String, Object> properties) {
    return given(consumer, properties);
  }

  @Override
  public Producer<byte[], byte[]> producer(Map<String, Object> properties) {
    return given(producer, properties);
  }

  @Override
  public Admin admin(Map<String, Object> properties) {
    return given(null, properties);
  }

  private static <T> T given(@Nullable T client, Map<String, Object> properties) {
    if (client == null) {
      throw new AssertionError("not expected: a client with " + properties);
    }
    return client;
  }
}
