package dev.lookaside.ingest;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends rejected records to {@code audio.dead-letters} and says which are durable. Owned by one
 * thread; only the producer's callbacks come from another.
 *
 * <pre>
 *   key      as it was
 *   headers  as they were, then
 *            lookaside-reason       code of {@link Rejection.Reason}: bad-header
 *            lookaside-field        ce_sequence
 *            lookaside-value        -3
 *            lookaside-message      must be 0 or more
 *            lookaside-topic        where the record lies
 *            lookaside-partition
 *            lookaside-offset
 *            lookaside-timestamp    its timestamp, milliseconds
 *            lookaside-value-bytes  only if the broker takes no letter so large: its value's length
 *   value    as it was; null if too large, then without the former headers too
 * </pre>
 */
final class DeadLetters {
  private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

  /** A key is at most this long in a letter whose record was too large. */
  private static final int MAX_BARE_KEY_BYTES = 1_024;

  private final Producer<byte[], byte[]> producer;
  private final String topic;
  private final int maxLetters;
  private final long maxBytes;
  private final Runnable outcomeReady;
  private final Queue<Outcome> outcomes = new ConcurrentLinkedQueue<>();
  private final Deque<Letter> waiting = new ArrayDeque<>();
  private int letters;
  private long bytes;
  private boolean stalled;
  private boolean announced;
  private boolean closed;
  private final AtomicInteger retriableFailures = new AtomicInteger();

  /**
   * One rejected record.
   *
   * @param bare true to leave out what may be too large
   */
  record Letter(
      Assignment assignment,
      ConsumerRecord<byte[], byte[]> record,
      Rejection rejection,
      boolean bare) {
    private long bytes() {
      return length(record.key()) + length(record.value());
    }

    private static long length(byte @Nullable [] bytes) {
      return bytes == null ? 0 : bytes.length;
    }
  }

  private record Outcome(Letter letter, @Nullable Exception failure) {}

  /**
   * @param producer owned and closed by the letters
   * @param maxLetters more under way is {@link #full}
   * @param maxBytes more under way is {@link #full}
   * @param outcomeReady called from any thread when {@link #drain} has something to do
   */
  DeadLetters(
      Producer<byte[], byte[]> producer,
      String topic,
      int maxLetters,
      long maxBytes,
      Runnable outcomeReady) {
    this.producer = producer;
    this.topic = topic;
    this.maxLetters = maxLetters;
    this.maxBytes = maxBytes;
    this.outcomeReady = outcomeReady;
  }

  /** True if no further record should be looked at before some letters are durable. */
  boolean full() {
    return letters >= maxLetters || bytes >= maxBytes;
  }

  /** Sends one; {@link #drain} names it once it is durable, however often that must be tried. */
  void send(Assignment assignment, ConsumerRecord<byte[], byte[]> record, Rejection rejection) {
    Letter letter = new Letter(assignment, record, rejection, false);
    letters++;
    bytes += letter.bytes();
    post(letter);
  }

  /**
   * Takes in what the broker answered.
   *
   * @param durable is given each letter that is safe
   * @throws IngestException if letters cannot be written and trying again will not help
   */
  void drain(Consumer<Letter> durable) {
    for (Outcome done = outcomes.poll(); done != null; done = outcomes.poll()) {
      if (done.failure() == null) {
        letters--;
        bytes -= done.letter().bytes();
        durable.accept(done.letter());
        resume();
      } else {
        failed(done.letter(), done.failure());
      }
    }
  }

  /** Tries one letter again if there is one that failed. */
  void retry() {
    Letter letter = stalled ? waiting.pollFirst() : null;
    if (letter != null) {
      producerSend(letter);
    }
  }

  /**
   * Waits for letters under way, at most {@code timeout}; {@link #drain} still works after. What is
   * not durable by then is rejected again by whoever reads its record next.
   */
  void close(Duration timeout) {
    closed = true;
    try {
      producer.close(timeout);
    } catch (KafkaException e) {
      LOG.warn("Closing the producer of {}: {}", topic, e.getMessage());
    }
  }

  private void post(Letter letter) {
    if (stalled) {
      waiting.addLast(letter);
    } else {
      producerSend(letter);
    }
  }

  private void resume() {
    stalled = false;
    announced = false;
    // A letter that fails to start makes us stall again, hence the condition.
    while (!stalled && !waiting.isEmpty()) {
      producerSend(waiting.removeFirst());
    }
  }

  private void failed(Letter letter, Exception failure) {
    if (failure instanceof RecordTooLargeException && !letter.bare()) {
      LOG.warn(
          "Dead letter of {} offset {}: {} bytes are too large for {}, sent without value",
          letter.record().topic(),
          letter.record().offset(),
          letter.bytes(),
          topic);
      post(new Letter(letter.assignment(), letter.record(), letter.rejection(), true));
    } else if (failure instanceof RetriableException) {
      if (!announced) {
        announced = true;
        LOG.warn("Dead letters wait, {} takes none: {}", topic, failure.getMessage());
      }
      stalled = true;
      waiting.addLast(letter);
    } else {
      throw new IngestException("dead letters cannot be written to " + topic, failure);
    }
  }

  private void producerSend(Letter letter) {
    if (closed) {
      return;
    }
    int before = retriableFailures.get();
    try {
      producer.send(written(letter), (metadata, e) -> report(letter, e));
    } catch (KafkaException e) {
      report(letter, e);
    }
    // Each failing send may stand still for max.block.ms, so one is enough.
    stalled |= retriableFailures.get() != before;
  }

  private void report(Letter letter, @Nullable Exception failure) {
    if (failure instanceof RetriableException) {
      retriableFailures.incrementAndGet();
    }
    outcomes.add(new Outcome(letter, failure));
    outcomeReady.run();
  }

  private ProducerRecord<byte[], byte[]> written(Letter letter) {
    return written(topic, letter.record(), letter.rejection(), letter.bare());
  }

  static ProducerRecord<byte[], byte[]> written(
      String topic, ConsumerRecord<byte[], byte[]> record, Rejection rejection, boolean bare) {
    ChunkHeaders.Writer headers = new ChunkHeaders.Writer();
    byte[] key = record.key();
    if (bare) {
      key = key != null && key.length <= MAX_BARE_KEY_BYTES ? key : null;
    } else {
      record.headers().forEach(headers.headers()::add);
    }
    headers.add("lookaside-reason", rejection.reason().code());
    headers.add("lookaside-field", rejection.field());
    headers.add("lookaside-value", rejection.value());
    headers.add("lookaside-message", rejection.message());
    headers.add("lookaside-topic", record.topic());
    headers.add("lookaside-partition", Integer.toString(record.partition()));
    headers.add("lookaside-offset", Long.toString(record.offset()));
    headers.add("lookaside-timestamp", Long.toString(record.timestamp()));
    if (bare) {
      headers.add("lookaside-value-bytes", Long.toString(Letter.length(record.value())));
    }
    byte[] value = bare ? null : record.value();
    return new ProducerRecord<>(topic, null, null, key, value, headers.headers());
  }
}
