package dev.lookaside.ingest.kafka;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ApplicationRecoverableException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/**
 * Writes records and consumed offsets in one transaction, fenced by the consumer group's metadata
 * (KIP-447): a process that has lost its partitions cannot commit. Owns a producer; one thread.
 * Every call blocks, at most a few times {@code max.block.ms}.
 */
public final class TransactionWriter implements AutoCloseable {
  /** Calls of a commit whose outcome is not known before it is given up. */
  private static final int COMMIT_TRIES = 10;

  private final Producer<byte[], byte[]> producer;
  private final String servers;
  private boolean initialised;

  /** Nothing of the transaction was written; it may be tried again, with newer metadata. */
  public static final class NotWrittenException extends Exception {
    private static final long serialVersionUID = 1;

    NotWrittenException(String message, Throwable cause) {
      super(message, cause);
    }

    /** Whether a cause of it is of this kind. */
    public boolean causedBy(Class<? extends Throwable> kind) {
      for (Throwable t = getCause(); t != null; t = t.getCause()) {
        if (kind.isInstance(t)) {
          return true;
        }
      }
      return false;
    }
  }

  private TransactionWriter(Producer<byte[], byte[]> producer, String servers) {
    this.producer = producer;
    this.servers = servers;
  }

  /**
   * A writer that connects at its first transaction.
   *
   * @param purpose what for, see {@link KafkaClients#consumer}
   * @param id one per running process: a second writer with it fences the first, and aborts what it
   *     has left open
   */
  public static TransactionWriter open(KafkaClients clients, String purpose, String id) {
    return new TransactionWriter(clients.transactional(purpose, id), clients.servers());
  }

  /**
   * Writes all of it, or nothing.
   *
   * @param offsets consumed, may be empty
   * @param group of the consumer that consumed them, as it is now
   * @throws NotWrittenException if nothing was written and it may be tried again
   * @throws BrokerException if the writer is of no use any more: fenced, not permitted, or it is
   *     not known whether all was written. What is committed says so
   */
  public void write(
      List<ProducerRecord<byte[], byte[]>> records,
      Map<TopicPartition, OffsetAndMetadata> offsets,
      ConsumerGroupMetadata group)
      throws NotWrittenException {
    initialise();
    try {
      producer.beginTransaction();
      records.forEach(producer::send);
      if (!offsets.isEmpty()) {
        producer.sendOffsetsToTransaction(offsets, group);
      }
    } catch (KafkaException e) {
      throw abort(e);
    }
    commit();
  }

  private void initialise() throws NotWrittenException {
    if (initialised) {
      return;
    }
    try {
      producer.initTransactions();
      initialised = true;
    } catch (TimeoutException e) {
      throw new NotWrittenException("transactions at " + servers + ": no answer", e);
    } catch (KafkaException e) {
      throw fatal("cannot be begun", e);
    }
  }

  private void commit() throws NotWrittenException {
    for (int tries = 1; ; tries++) {
      try {
        producer.commitTransaction();
        return;
      } catch (TimeoutException e) {
        // The commit goes on; calling again waits for it.
        if (tries == COMMIT_TRIES) {
          throw fatal("it is not known whether the last one was committed", e);
        }
      } catch (KafkaException e) {
        throw abort(e);
      }
    }
  }

  private NotWrittenException abort(KafkaException cause) {
    if (isFatal(cause)) {
      throw fatal("this writer cannot go on", cause);
    }
    try {
      producer.abortTransaction();
    } catch (KafkaException e) {
      e.addSuppressed(cause);
      throw fatal("the last one could not be aborted", e);
    }
    return new NotWrittenException(
        "transactions at %s: %s".formatted(servers, rootMessage(cause)), cause);
  }

  /** Without a transaction: some of it may be written. */
  public static NotWrittenException notWritten(String servers, Throwable cause) {
    return new NotWrittenException(
        "records at %s: %s".formatted(servers, rootMessage(cause)), cause);
  }

  private static boolean isFatal(KafkaException e) {
    return e instanceof ApplicationRecoverableException // Fenced: somebody else has this id.
        || e instanceof OutOfOrderSequenceException
        || e instanceof AuthorizationException
        || e instanceof UnsupportedVersionException;
  }

  private BrokerException fatal(String what, KafkaException cause) {
    return new BrokerException(
        "transactions at %s: %s (%s)".formatted(servers, what, rootMessage(cause)), cause);
  }

  private static String rootMessage(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return String.valueOf(root.getMessage());
  }

  @Override
  public void close() {
    producer.close(ResourceCloser.CLOSE_TIMEOUT);
  }
}
