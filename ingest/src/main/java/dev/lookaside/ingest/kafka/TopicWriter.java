package dev.lookaside.ingest.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;

/**
 * Writes records and waits until all replicas have them, for topics with few records. Owns a
 * producer that connects at the first record; any number of threads.
 */
public final class TopicWriter implements AutoCloseable {
  private final Producer<byte[], byte[]> producer;
  private final String servers;
  private final Duration timeout;

  private TopicWriter(KafkaClients clients, String purpose) {
    this.producer = clients.producer(purpose);
    this.servers = clients.servers();
    this.timeout = clients.timeout();
  }

  /**
   * A writer.
   *
   * @param purpose what for, see {@link KafkaClients#producer}
   */
  public static TopicWriter open(KafkaClients clients, String purpose) {
    return new TopicWriter(clients, purpose);
  }

  /**
   * Writes a record.
   *
   * @param what it is, for an error: {@code label 4711}
   * @throws UnreachableException if it is not on all replicas within {@link KafkaClients#timeout};
   *     it may be there nevertheless
   * @throws BrokerException if it can never be written
   */
  public RecordMetadata write(ProducerRecord<byte[], byte[]> record, String what) {
    return write(List.of(record), r -> what).get(0);
  }

  /**
   * Writes records in their order, and returns when all of them are on all replicas. Each of them
   * has {@link KafkaClients#timeout} from the one before.
   *
   * @param what a record is, for an error
   * @throws UnreachableException as {@link #write(ProducerRecord, String)}
   */
  public List<RecordMetadata> write(
      List<ProducerRecord<byte[], byte[]>> records,
      Function<ProducerRecord<byte[], byte[]>, String> what) {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    List<RecordMetadata> written = new ArrayList<>();
    try {
      for (ProducerRecord<byte[], byte[]> record : records) {
        sent.add(producer.send(record));
      }
      for (Future<RecordMetadata> one : sent) {
        // The producer gives up by itself, too; this bounds it whatever delivery.timeout.ms says.
        written.add(one.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
      }
      return written;
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    } catch (TimeoutException e) {
      throw late(records.get(written.size()), what, e);
    } catch (ExecutionException e) {
      throw failed(records.get(written.size()), what, e.getCause() == null ? e : e.getCause());
    } catch (RuntimeException e) {
      throw failed(records.get(sent.size()), what, e);
    }
  }

  private UnreachableException late(
      ProducerRecord<byte[], byte[]> record,
      Function<ProducerRecord<byte[], byte[]>, String> what,
      Throwable cause) {
    return new UnreachableException(
        "%s: no broker took it within %d ms".formatted(where(record, what), timeout.toMillis()),
        cause);
  }

  private RuntimeException failed(
      ProducerRecord<byte[], byte[]> record,
      Function<ProducerRecord<byte[], byte[]>, String> what,
      Throwable cause) {
    return cause instanceof RetriableException
        ? late(record, what, cause)
        : BrokerException.of(where(record, what) + " not written", cause);
  }

  private String where(
      ProducerRecord<byte[], byte[]> record,
      Function<ProducerRecord<byte[], byte[]>, String> what) {
    return "topic \"%s\" at %s: %s".formatted(record.topic(), servers, what.apply(record));
  }

  @Override
  public void close() {
    producer.close(ResourceCloser.CLOSE_TIMEOUT);
  }
}
