package dev.lookaside.ingest.kafka;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * Topics read without a group: all partitions to their ends and on from there, or one partition at
 * any place. Only what is committed is read, and an end is the last stable offset: markers and
 * aborted records at a partition's end do not keep a reading from ending. An open transaction is
 * not waited for, and one whose commit was just acknowledged may be seen a moment later, when the
 * brokers have written its marker. Owns a consumer that connects at the first call; for one thread.
 *
 * <p>Each call ends: with an {@link UnreachableException} as soon as no broker has answered for
 * {@link KafkaClients#timeout}, or, after {@link #within}, when the time of the calls together is
 * over. The next call goes on where the last record was handled. A record whose handler throws is
 * read again.
 */
public final class TopicReader implements AutoCloseable {
  /** Gets a record, in the order of its partition. */
  public interface Handler {
    void handle(ConsumerRecord<byte[], byte[]> record);
  }

  /** Gets a record and says whether to go on. */
  public interface Visitor {
    boolean visit(ConsumerRecord<byte[], byte[]> record);
  }

  /** Offsets {@code [begin, end)} that a partition holds. */
  public record Range(long begin, long end) {}

  /** Where partitions are read from that this reader has not read before. */
  public interface Start {
    /** From the oldest record. */
    Start BEGINNING = (consumer, partitions, limit) -> consumer.seekToBeginning(partitions);

    /** From the next record that is written. */
    Start END = (consumer, partitions, limit) -> consumer.seekToEnd(partitions);

    /** From the first record written at or after a time. */
    static Start at(Instant time) {
      return (consumer, partitions, limit) -> {
        Map<TopicPartition, Long> times = new HashMap<>();
        partitions.forEach(p -> times.put(p, Math.max(0, time.toEpochMilli())));
        Map<TopicPartition, OffsetAndTimestamp> found = consumer.offsetsForTimes(times, limit);
        for (TopicPartition p : partitions) {
          @Nullable OffsetAndTimestamp first = found.get(p);
          if (first == null) {
            consumer.seekToEnd(List.of(p));
          } else {
            consumer.seek(p, first.offset());
          }
        }
      };
    }

    /**
     * Positions the consumer.
     *
     * @param partitions assigned to it
     * @param limit for an answer
     */
    void seek(
        Consumer<byte[], byte[]> consumer, Collection<TopicPartition> partitions, Duration limit);
  }

  private static final Duration POLL = Duration.ofMillis(100);

  private final Consumer<byte[], byte[]> consumer;
  private final Start start;
  private final List<String> topics;
  private final String where;
  private final Duration timeout;
  private final LongSupplier nanoTime;

  /** Those that {@link #readToEnd} and {@link #poll} read. */
  private List<TopicPartition> partitions = List.of();

  private Duration limit;
  private boolean together;
  private boolean answered;
  private long deadlineNanos;

  /** {@link #open} with a clock of the caller's. */
  TopicReader(
      KafkaClients clients,
      String purpose,
      Start start,
      LongSupplier nanoTime,
      List<String> topics) {
    // A fetch that waits for records delays a seek and a question about ends by as much: one
    // connection answers in order.
    this.consumer = clients.withDefaults(Map.of("fetch.max.wait.ms", "20")).consumer(purpose);
    this.start = start;
    this.topics = List.copyOf(topics);
    this.where = "topic \"%s\" at %s".formatted(String.join("\", \"", topics), clients.servers());
    this.timeout = clients.timeout();
    this.limit = timeout;
    this.nanoTime = nanoTime;
  }

  /**
   * A reader of these topics.
   *
   * @param purpose what for, see {@link KafkaClients#consumer}
   */
  public static TopicReader open(
      KafkaClients clients, String purpose, Start start, String... topics) {
    return new TopicReader(clients, purpose, start, System::nanoTime, List.of(topics));
  }

  /**
   * A reader that seeks much: {@link #scan} here, {@link #scan} there.
   *
   * @param purpose what for, see {@link KafkaClients#consumer}
   */
  public static TopicReader seeking(KafkaClients clients, String purpose, String topic) {
    return seeking(clients, purpose, topic, System::nanoTime);
  }

  /** {@link #seeking(KafkaClients, String, String)} with a clock of the caller's. */
  public static TopicReader seeking(
      KafkaClients clients, String purpose, String topic, LongSupplier nanoTime) {
    // What a fetch brings of another place than the next one is dropped.
    KafkaClients quick = clients.withDefaults(Map.of("fetch.max.bytes", "4194304"));
    return new TopicReader(quick, purpose, Start.BEGINNING, nanoTime, List.of(topic));
  }

  /**
   * Starts the time that all calls until the next one of this method may take together, whether
   * brokers answer or not.
   */
  public TopicReader within(Duration limit) {
    this.limit = limit;
    this.together = true;
    this.answered = false;
    this.deadlineNanos = nanoTime.getAsLong() + limit.toNanos();
    return this;
  }

  /**
   * Reads what has come since the last call, up to the ends that the partitions have now.
   *
   * @return how many records were handled
   * @throws UnreachableException if no broker answers in time; what was handled stays handled
   * @throws BrokerException if a topic does not exist or may not be read
   */
  public int readToEnd(Handler handler) {
    return call(
        () -> {
          assign();
          Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, left());
          int read = 0;
          long before = -1;
          while (true) {
            long position = 0;
            boolean atEnd = true;
            for (TopicPartition partition : partitions) {
              long next = consumer.position(partition, left());
              position += next;
              atEnd &= next >= ends.getOrDefault(partition, 0L);
            }
            if (atEnd) {
              return read;
            }
            if (position != before) {
              before = position;
              renew();
            }
            int handled = handle(consumer.poll(min(POLL, left())), handler);
            if (handled > 0) {
              renew(); // The handler's time is not the brokers'.
            }
            read += handled;
          }
        });
  }

  /**
   * Reads what has come, waiting at most {@code wait} for it. Brokers that are away are no error
   * once the reader is positioned: nothing comes.
   *
   * @return how many records were handled
   * @throws UnreachableException if the reader could not be positioned
   * @throws BrokerException if a topic does not exist or may not be read
   */
  public int poll(Duration wait, Handler handler) {
    return call(
        () -> {
          if (partitions.isEmpty()) {
            assign();
          }
          return handle(consumer.poll(wait), handler);
        });
  }

  /**
   * Positions the reader if it is not yet: records that are written later than this returns are
   * read.
   *
   * @throws UnreachableException if no broker answers in time
   * @throws BrokerException if a topic does not exist or may not be read
   */
  public void position() {
    call(
        () -> {
          if (partitions.isEmpty()) {
            assign();
          }
          // Seeking is lazy.
          for (TopicPartition partition : partitions) {
            consumer.position(partition, left());
          }
          return 0;
        });
  }

  /**
   * Asks the brokers whether everything was read that there is now.
   *
   * @throws UnreachableException if none answers in time
   * @throws BrokerException if a topic does not exist or may not be read
   */
  public boolean atEnd() {
    return call(
        () -> {
          if (partitions.isEmpty()) {
            assign();
          }
          for (Map.Entry<TopicPartition, Long> end :
              consumer.endOffsets(partitions, left()).entrySet()) {
            if (consumer.position(end.getKey(), left()) < end.getValue()) {
              return false;
            }
          }
          return true;
        });
  }

  /** The next call positions the reader anew, by its {@link Start}. */
  public void restart() {
    partitions = List.of();
  }

  /** Assigns all partitions; those that are new begin at the start, or if added at 0. */
  private void assign() {
    List<TopicPartition> all = new ArrayList<>();
    for (String topic : topics) {
      for (int p = 0; p < count(topic); p++) {
        all.add(new TopicPartition(topic, p));
      }
    }
    List<TopicPartition> added = new ArrayList<>(all);
    added.removeAll(partitions);
    if (added.isEmpty() && consumer.assignment().size() == all.size()) {
      return;
    }
    Map<TopicPartition, Long> positions = new HashMap<>();
    for (TopicPartition partition : partitions) {
      positions.put(partition, consumer.position(partition, left()));
    }
    consumer.assign(all);
    positions.forEach(consumer::seek);
    if (partitions.isEmpty()) {
      start.seek(consumer, added, left());
    } else {
      consumer.seekToBeginning(added);
    }
    partitions = all;
  }

  private int count(String topic) {
    @Nullable List<PartitionInfo> found = consumer.partitionsFor(topic, left());
    if (found == null || found.isEmpty()) {
      throw missing(topic);
    }
    return found.size();
  }

  /** Hands over what was polled; if the handler throws, the rest is polled again. */
  private int handle(ConsumerRecords<byte[], byte[]> records, Handler handler) {
    int handled = 0;
    Map<TopicPartition, Long> unread = new HashMap<>();
    RuntimeException failure = null;
    for (ConsumerRecord<byte[], byte[]> record : records) {
      if (failure == null) {
        try {
          handler.handle(record);
          handled++;
          continue;
        } catch (RuntimeException e) {
          failure = new HandlerFailure(e);
        }
      }
      unread.putIfAbsent(new TopicPartition(record.topic(), record.partition()), record.offset());
    }
    unread.forEach(consumer::seek);
    if (failure != null) {
      throw failure;
    }
    return handled;
  }

  /** Number of partitions of the one topic. */
  public int partitions() {
    return partitions(topics.get(0));
  }

  /** Number of partitions of one of the topics. */
  public int partitions(String topic) {
    return call(() -> count(topic));
  }

  /** What a partition of the one topic holds. */
  public Range range(int partition) {
    List<TopicPartition> one = List.of(new TopicPartition(topics.get(0), partition));
    return call(
        () -> {
          long end = consumer.endOffsets(one, left()).values().iterator().next();
          long begin = consumer.beginningOffsets(one, left()).values().iterator().next();
          return new Range(begin, end);
        });
  }

  /** Where a producer that follows Kafka's rule puts records of a key, in the one topic. */
  public int partitionOf(byte[] key) {
    return Utils.toPositive(Utils.murmur2(key)) % partitions();
  }

  /** First record written at or after a time; {@code otherwise} if there is none. */
  public long offsetAt(int partition, long timeMillis, long otherwise) {
    TopicPartition one = new TopicPartition(topics.get(0), partition);
    return call(
        () -> {
          @Nullable OffsetAndTimestamp at =
              consumer.offsetsForTimes(Map.of(one, Math.max(0, timeMillis)), left()).get(one);
          return at == null ? otherwise : at.offset();
        });
  }

  /**
   * Shows the records {@code [from, until)} of a partition of the one topic in order, as far as the
   * visitor wants them. Ends the reading of all partitions, which then starts anew.
   *
   * @throws UnreachableException if no broker answers in time; a {@link SlowReadException} if there
   *     were records, but more than the time of {@link #within} allows
   */
  public void scan(int partition, long from, long until, Visitor visitor) {
    TopicPartition one = new TopicPartition(topics.get(0), partition);
    restart();
    call(
        () -> {
          consumer.assign(List.of(one));
          consumer.seek(one, from);
          long next = from;
          while (next < until) {
            ConsumerRecords<byte[], byte[]> polled = consumer.poll(min(POLL, left()));
            answered |= !polled.isEmpty();
            for (ConsumerRecord<byte[], byte[]> record : polled.records(one)) {
              if (record.offset() >= until || !visit(visitor, record)) {
                return 0;
              }
            }
            if (!polled.isEmpty()) {
              renew();
            }
            // The position also passes what is no record: markers of transactions, compacted
            // places.
            long position = consumer.position(one, left());
            if (position != next) {
              next = position;
              renew();
            }
          }
          return 0;
        });
  }

  /**
   * {@link #scan}s the records that were written at or after a time, up to the end that the
   * partition has now.
   *
   * @param from {@link Instant#MIN}: all
   */
  public void scanSince(int partition, Instant from, Visitor visitor) {
    Range held = range(partition);
    long begin =
        from.isBefore(Instant.EPOCH)
            ? held.begin()
            : offsetAt(partition, from.toEpochMilli(), held.end());
    scan(partition, Math.max(begin, held.begin()), held.end(), visitor);
  }

  private static boolean visit(Visitor visitor, ConsumerRecord<byte[], byte[]> record) {
    try {
      return visitor.visit(record);
    } catch (RuntimeException e) {
      throw new HandlerFailure(e);
    }
  }

  private interface Call<T> {
    T run();
  }

  private <T> T call(Call<T> call) {
    if (!together) {
      answered = false;
      renew();
    }
    try {
      return call.run();
    } catch (HandlerFailure e) {
      throw e.thrown;
    } catch (UnknownTopicOrPartitionException e) {
      throw BrokerException.of(where, e);
    } catch (RetriableException e) {
      throw new UnreachableException(unanswered(), e);
    } catch (KafkaException e) {
      throw BrokerException.of(where, e);
    }
  }

  /** A broker has answered. */
  private void renew() {
    if (!together) {
      deadlineNanos = nanoTime.getAsLong() + timeout.toNanos();
    }
  }

  private Duration left() {
    long left = deadlineNanos - nanoTime.getAsLong();
    if (left <= 0) {
      KafkaException cause = new KafkaException("deadline");
      throw answered
          ? new SlowReadException(
              "%s: not read within %d ms".formatted(where, limit.toMillis()), cause)
          : new UnreachableException(unanswered(), cause);
    }
    return Duration.ofNanos(left);
  }

  private String unanswered() {
    return "%s: no broker answered within %d ms".formatted(where, limit.toMillis());
  }

  private BrokerException.MissingTopic missing(String topic) {
    return new BrokerException.MissingTopic(topic, where.substring(where.lastIndexOf(" at ") + 4));
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(ResourceCloser.CLOSE_TIMEOUT));
  }

  /** Carries what a handler threw past the translation of Kafka's own exceptions. */
  private static final class HandlerFailure extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient RuntimeException thrown;

    HandlerFailure(RuntimeException thrown) {
      super(thrown);
      this.thrown = thrown;
    }
  }
}
