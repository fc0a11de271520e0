package dev.lookaside.trainer.label;

import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Writes labels to {@code audio.labels}. Any number of threads; each call blocks. */
public final class LabelWriter implements AutoCloseable {
  /** As long as a call may wait for a broker. */
  private static final int TIMEOUT_MILLIS = 10_000;

  private final Producer<byte[], byte[]> producer;
  private final String topic;
  private final LabelCodec codec = new LabelCodec();

  /**
   * @param producer owned; must wait for all replicas
   */
  LabelWriter(Producer<byte[], byte[]> producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  /** Connects at the first label; the topic must be there. */
  public static LabelWriter open(IngestSettings settings) {
    Map<String, Object> properties = new HashMap<>(settings.kafkaClients());
    properties.put("acks", "all");
    properties.put("enable.idempotence", "true");
    properties.put("max.block.ms", Integer.toString(TIMEOUT_MILLIS));
    properties.put("request.timeout.ms", Integer.toString(TIMEOUT_MILLIS / 2));
    properties.put("delivery.timeout.ms", Integer.toString(TIMEOUT_MILLIS));
    return new LabelWriter(
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer()),
        settings.topics().training().labels().name());
  }

  /**
   * Writes one label and waits until it is on all replicas. Writing it again does no harm: readers
   * know labels by id.
   *
   * @throws UnreachableException if no broker takes it in time; it may be there nevertheless
   * @throws TrainerException if it can never be written
   */
  public RecordMetadata write(Label label) {
    try {
      return producer.send(codec.encode(topic, label)).get();
    } catch (ExecutionException | RuntimeException e) {
      Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
      String message = "%s: label %s not written: %s".formatted(topic, label.id(), message(cause));
      if (cause instanceof RetriableException) {
        throw new UnreachableException(message, e);
      }
      throw new TrainerException(message, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainerException("%s: label %s: interrupted".formatted(topic, label.id()), e);
    }
  }

  private static String message(@Nullable Throwable cause) {
    return cause == null ? "" : String.valueOf(cause.getMessage());
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(1));
  }
}
