package dev.lookaside.ingest.send;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.KafkaClients;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * Sends chunks to {@code audio.chunks}. Idempotent and acknowledged by all replicas, so each chunk
 * arrives once and in order. Memory is bounded by Kafka's {@code buffer.memory}: {@link #send}
 * waits when it is full. May be used by many threads.
 */
public final class ChunkProducer implements AutoCloseable {
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);

  /**
   * A few chunks in one request: a live listener does not notice 5 ms. A live source cannot wait,
   * but its chunks can: brokers may be away for as long as a rolling restart takes.
   */
  private static final Map<String, String> LIVE =
      Map.of(
          "linger.ms", "5",
          "max.block.ms", "60000",
          "request.timeout.ms", "30000",
          "delivery.timeout.ms", "120000");

  private final Producer<byte[], byte[]> producer;
  private final String topic;
  private final AudioChunkCodec codec;
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();

  /** Owns {@code producer} from now on. */
  public ChunkProducer(Producer<byte[], byte[]> producer, String topic, AudioChunkCodec codec) {
    this.producer = producer;
    this.topic = topic;
    this.codec = codec;
  }

  /**
   * Connects as {@code settings} say.
   *
   * @throws dev.lookaside.ingest.kafka.BrokerException if the client properties are wrong; an
   *     unreachable broker shows later
   */
  public static ChunkProducer connect(IngestSettings settings) {
    KafkaClients clients = settings.clients().withDefaults(LIVE);
    return new ChunkProducer(
        clients.producer("sender"), settings.topics().chunks().name(), settings.codec());
  }

  /**
   * Hands over one chunk; returns before it is durable.
   *
   * @throws IngestException if this or an earlier chunk could not be sent
   */
  public void send(AudioChunk chunk) {
    throwFailure();
    try {
      producer.send(
          codec.encode(topic, chunk),
          (metadata, e) -> {
            if (e != null) {
              failure.compareAndSet(null, e);
            }
          });
    } catch (InterruptException e) {
      throw e;
    } catch (KafkaException e) {
      failure.compareAndSet(null, e);
    }
    throwFailure();
  }

  /**
   * Waits until everything sent is durable.
   *
   * @throws IngestException if a chunk could not be sent
   */
  public void flush() {
    producer.flush();
    throwFailure();
  }

  /** Waits at most ten seconds for what is under way. */
  @Override
  public void close() {
    producer.close(CLOSE_TIMEOUT);
  }

  private void throwFailure() {
    Exception e = failure.get();
    if (e != null) {
      throw new IngestException("topic \"%s\": cannot send: %s".formatted(topic, cause(e)), e);
    }
  }

  private static String cause(Throwable e) {
    Throwable cause = e.getCause();
    return String.valueOf((cause == null ? e : cause).getMessage());
  }
}
