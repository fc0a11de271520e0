package dev.lookaside.ingest;

import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/**
 * Writes rejected records to {@code audio.dead-letters} one by one, for readers of topics with few
 * records. The letters are those of the live pipeline. Each call blocks.
 */
public final class DeadLetterWriter implements AutoCloseable {
  private final Producer<byte[], byte[]> producer;
  private final String topic;

  /**
   * @param producer owned; must wait for all replicas
   */
  public DeadLetterWriter(Producer<byte[], byte[]> producer, String topic) {
    this.producer = producer;
    this.topic = topic;
  }

  /** Connects at the first letter. */
  public static DeadLetterWriter open(IngestSettings settings) {
    return new DeadLetterWriter(
        settings.clients().producer("dead-letters"), settings.topics().deadLetters().name());
  }

  /**
   * Returns when the letter is on all replicas; one that is too large goes without its value.
   *
   * @throws UnreachableException if no broker takes it in time
   * @throws IngestException if it can never be written
   */
  public void write(ConsumerRecord<byte[], byte[]> record, Rejection rejection) {
    Throwable failure = send(record, rejection, false);
    if (failure instanceof RecordTooLargeException) {
      failure = send(record, rejection, true);
    }
    if (failure instanceof RetriableException) {
      throw new UnreachableException(
          "dead letters cannot be written to %s now: %s".formatted(topic, failure.getMessage()),
          failure);
    }
    if (failure != null) {
      throw new IngestException("dead letters cannot be written to " + topic, failure);
    }
  }

  private @Nullable Throwable send(
      ConsumerRecord<byte[], byte[]> record, Rejection rejection, boolean bare) {
    try {
      producer.send(DeadLetters.written(topic, record, rejection, bare)).get();
      return null;
    } catch (ExecutionException e) {
      return e.getCause() == null ? e : e.getCause();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return e;
    } catch (RuntimeException e) {
      return e;
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(1));
  }
}
