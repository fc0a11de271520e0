package dev.lookaside.ingest;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * A MockConsumer over logs that stay: unlike its parent it gives a record again when sought again,
 * and knows offsets by time. Records can be deleted from a log's beginning.
 */
public class LogConsumer extends MockConsumer<byte[], byte[]> {
  private final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> logs = new HashMap<>();
  private final Map<TopicPartition, Long> begins = new HashMap<>();
  private final Map<TopicPartition, Long> positions = new HashMap<>();
  private final int maxPollRecords;
  private long delivered;

  /**
   * @param partitions of the topic
   */
  public LogConsumer(String topic, int partitions, int maxPollRecords) {
    super("earliest");
    this.maxPollRecords = maxPollRecords;
    for (int p = 0; p < partitions; p++) {
      logs.put(new TopicPartition(topic, p), new ArrayList<>());
      begins.put(new TopicPartition(topic, p), 0L);
    }
  }

  /** Appends a record as a broker would; returns its offset. */
  public long append(ProducerRecord<byte[], byte[]> record, int partition, long timestampMillis) {
    TopicPartition at = new TopicPartition(record.topic(), partition);
    List<ConsumerRecord<byte[], byte[]>> log = log(at);
    long offset = log.size();
    log.add(
        new ConsumerRecord<>(
            record.topic(),
            partition,
            offset,
            timestampMillis,
            TimestampType.LOG_APPEND_TIME,
            record.key() == null ? 0 : record.key().length,
            record.value() == null ? 0 : record.value().length,
            record.key(),
            record.value(),
            new RecordHeaders(record.headers()),
            Optional.empty()));
    return offset;
  }

  /** Deletes all records before an offset, as retention does. */
  public void deleteBefore(TopicPartition at, long offset) {
    begins.put(at, offset);
  }

  /** Records that polls have given so far. */
  public long delivered() {
    return delivered;
  }

  private List<ConsumerRecord<byte[], byte[]>> log(TopicPartition at) {
    return logs.computeIfAbsent(
        at,
        p -> {
          throw new IllegalArgumentException("no log " + p);
        });
  }

  @Override
  public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> found = new HashMap<>();
    int room = maxPollRecords;
    for (TopicPartition at : assignment()) {
      List<ConsumerRecord<byte[], byte[]>> log = log(at);
      long position = Math.max(positions.getOrDefault(at, 0L), begins.getOrDefault(at, 0L));
      int until = (int) Math.min(log.size(), position + room);
      if (position < until) {
        found.put(at, List.copyOf(log.subList((int) position, until)));
        room -= until - (int) position;
        delivered += until - position;
      }
      positions.put(at, Math.max(position, until));
    }
    return new ConsumerRecords<>(found, Map.of());
  }

  @Override
  public synchronized void seek(TopicPartition at, long offset) {
    positions.put(at, offset);
  }

  @Override
  public synchronized void seekToBeginning(Collection<TopicPartition> partitions) {
    partitions.forEach(p -> positions.put(p, begins.getOrDefault(p, 0L)));
  }

  @Override
  public synchronized long position(TopicPartition at, Duration timeout) {
    return positions.getOrDefault(at, 0L);
  }

  @Override
  public List<PartitionInfo> partitionsFor(String topic, Duration timeout) {
    return logs.keySet().stream()
        .filter(p -> p.topic().equals(topic))
        .map(p -> new PartitionInfo(topic, p.partition(), null, null, null))
        .toList();
  }

  @Override
  public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> of, Duration timeout) {
    Map<TopicPartition, Long> ends = new HashMap<>();
    of.forEach(p -> ends.put(p, (long) log(p).size()));
    return ends;
  }

  @Override
  public Map<TopicPartition, Long> beginningOffsets(
      Collection<TopicPartition> of, Duration timeout) {
    Map<TopicPartition, Long> found = new HashMap<>();
    of.forEach(p -> found.put(p, begins.getOrDefault(p, 0L)));
    return found;
  }

  @Override
  public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(
      Map<TopicPartition, Long> times, Duration timeout) {
    Map<TopicPartition, OffsetAndTimestamp> found = new HashMap<>();
    times.forEach(
        (at, time) ->
            log(at).stream()
                .skip(begins.getOrDefault(at, 0L))
                .filter(r -> r.timestamp() >= time)
                .findFirst()
                .ifPresent(r -> found.put(at, new OffsetAndTimestamp(r.offset(), r.timestamp()))));
    return found;
  }
}
