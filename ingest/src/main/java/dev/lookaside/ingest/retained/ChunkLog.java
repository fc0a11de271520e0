package dev.lookaside.ingest.retained;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.kafka.SlowReadException;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** The topic of chunks as something to look into at any place, until a deadline. One thread. */
final class ChunkLog implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);

  private final Consumer<byte[], byte[]> consumer;
  private final String topic;
  private final LongSupplier nanoTime;
  private long deadlineNanos;
  private long limitMillis;
  private boolean answered;

  /** Looks at a record; says whether to go on. */
  interface Visitor {
    boolean visit(ConsumerRecord<byte[], byte[]> record);
  }

  /** Offsets {@code [begin, end)} of a partition. */
  record Range(long begin, long end) {}

  /**
   * @param consumer owned; in no group
   */
  ChunkLog(Consumer<byte[], byte[]> consumer, String topic, LongSupplier nanoTime) {
    this.consumer = consumer;
    this.topic = topic;
    this.nanoTime = nanoTime;
  }

  /** Starts the time that everything until the next call may take together. */
  void startDeadline(Duration limit) {
    limitMillis = limit.toMillis();
    deadlineNanos = nanoTime.getAsLong() + limit.toNanos();
    answered = false;
  }

  String topic() {
    return topic;
  }

  /** Number of partitions. */
  int partitions() {
    try {
      List<PartitionInfo> found = consumer.partitionsFor(topic, left());
      if (found == null || found.isEmpty()) {
        throw new IngestException("topic \"%s\": is not there".formatted(topic));
      }
      return found.size();
    } catch (UnknownTopicOrPartitionException e) {
      throw new IngestException("topic \"%s\": is not there".formatted(topic), e);
    } catch (RetriableException e) {
      throw unreachable(e);
    }
  }

  Range range(int partition) {
    List<TopicPartition> one = List.of(new TopicPartition(topic, partition));
    try {
      long end = consumer.endOffsets(one, left()).values().iterator().next();
      return new Range(consumer.beginningOffsets(one, left()).values().iterator().next(), end);
    } catch (RetriableException e) {
      throw unreachable(e);
    }
  }

  /** First record written at or after a time; {@code otherwise} if there is none. */
  long offsetAt(int partition, long timeMillis, long otherwise) {
    TopicPartition one = new TopicPartition(topic, partition);
    try {
      Map<TopicPartition, OffsetAndTimestamp> found =
          consumer.offsetsForTimes(Map.of(one, Math.max(0, timeMillis)), left());
      @Nullable OffsetAndTimestamp at = found.get(one);
      return at == null ? otherwise : at.offset();
    } catch (RetriableException e) {
      throw unreachable(e);
    }
  }

  /**
   * Shows the records {@code [from, until)} in order, as far as the visitor wants them.
   *
   * @throws UnreachableException if that is not done by the deadline; a {@link SlowReadException}
   *     if there were records
   */
  void scan(int partition, long from, long until, Visitor visitor) {
    TopicPartition one = new TopicPartition(topic, partition);
    consumer.assign(List.of(one));
    consumer.seek(one, from);
    try {
      long next = from;
      while (next < until) {
        List<ConsumerRecord<byte[], byte[]>> records =
            new ArrayList<>(consumer.poll(min(POLL, left())).records(one));
        answered |= !records.isEmpty();
        for (ConsumerRecord<byte[], byte[]> record : records) {
          if (record.offset() >= until || !visitor.visit(record)) {
            return;
          }
        }
        // The position also passes what is no record: markers of transactions, compacted places.
        next = consumer.position(one, left());
      }
    } catch (InterruptException e) {
      throw e;
    } catch (RetriableException e) {
      throw unreachable(e);
    }
  }

  private Duration left() {
    long left = deadlineNanos - nanoTime.getAsLong();
    if (left <= 0) {
      String message = "%s: not read within %d ms".formatted(topic, limitMillis);
      KafkaException cause = new KafkaException("deadline");
      throw answered
          ? new SlowReadException(message, cause)
          : new UnreachableException(message, cause);
    }
    return Duration.ofNanos(left);
  }

  private UnreachableException unreachable(KafkaException e) {
    return new UnreachableException("%s: %s".formatted(topic, e.getMessage()), e);
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
