package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.AdapterShelf.Shelved;
import dev.lookaside.ingest.TopicSettings;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger and the adapters as one reader follows them from their beginnings, without a group.
 * Owns two consumers; one thread.
 */
final class RegistryTopics implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryTopics.class);
  private static final Duration ASK = Duration.ofSeconds(2);

  /** Gets what was read, in the order of each topic. */
  interface Reader {
    void cutover(ConsumerRecord<byte[], byte[]> record);

    void slice(Slice slice, ConsumerRecord<byte[], byte[]> record);
  }

  /** An adapter file, or why there is none. */
  record Fetched(byte[] file, Optional<Refusal> refusal) {}

  private final Consumer<byte[], byte[]> follower;
  private final Consumer<byte[], byte[]> fetcher;
  private final TopicPartition cutovers;
  private final TopicPartition adapters;

  /**
   * @param follower follows both topics; owned
   * @param fetcher reads adapters again when they are needed; owned
   * @throws RegistryException if a topic has not exactly one partition
   */
  RegistryTopics(
      Consumer<byte[], byte[]> follower,
      Consumer<byte[], byte[]> fetcher,
      TopicSettings.Registry topics) {
    this.follower = follower;
    this.fetcher = fetcher;
    this.cutovers = only(topics.cutovers().name());
    this.adapters = only(topics.adapters().name());
    follower.assign(List.of(cutovers, adapters));
    follower.seekToBeginning(List.of(cutovers, adapters));
    fetcher.assign(List.of(adapters));
  }

  /** Their order is what decides, so there must be one order. */
  private TopicPartition only(String topic) {
    List<PartitionInfo> partitions = follower.partitionsFor(topic, ASK);
    if (partitions.size() != 1) {
      throw RegistryException.of(
          "topic " + topic, partitions.size() + " partitions", "must have exactly one");
    }
    return new TopicPartition(topic, 0);
  }

  /** Reads on, waiting at most {@code wait} for something. */
  void poll(Duration wait, Reader reader) {
    ConsumerRecords<byte[], byte[]> records = follower.poll(wait);
    records.records(cutovers).forEach(reader::cutover);
    for (ConsumerRecord<byte[], byte[]> record : records.records(adapters)) {
      try {
        reader.slice(Slice.of(record), record);
      } catch (RegistryException e) {
        LOG.warn("{}, record {}: {}", adapters.topic(), record.offset(), e.getMessage());
      }
    }
  }

  /** Asks the brokers whether everything was read; false if none answers. */
  boolean atEnd() {
    try {
      Map<TopicPartition, Long> ends = follower.endOffsets(List.of(cutovers, adapters), ASK);
      for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
        if (follower.position(end.getKey(), ASK) < end.getValue()) {
          return false;
        }
      }
      return true;
    } catch (RetriableException e) {
      return false;
    }
  }

  /**
   * Reads the parts of an adapter again and puts them together.
   *
   * @return empty if they cannot be read now: no broker answers, or they have just been taken away
   */
  Optional<Fetched> fetch(Shelved shelved, long maxBytes, Duration timeout) {
    AdapterAssembler assembler = new AdapterAssembler(shelved.digest(), maxBytes);
    Set<Long> wanted = new HashSet<>(shelved.offsets());
    long last = shelved.offsets().stream().mapToLong(Long::longValue).max().orElseThrow();
    fetcher.seek(adapters, shelved.firstOffset());
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!wanted.isEmpty() && System.nanoTime() < deadline) {
      for (ConsumerRecord<byte[], byte[]> record : fetcher.poll(Duration.ofMillis(100))) {
        if (wanted.remove(record.offset())) {
          Optional<Refusal> refusal = assembler.add(Slice.of(record));
          if (refusal.isPresent()) {
            return Optional.of(new Fetched(new byte[0], refusal));
          }
        }
      }
      if (fetcher.position(adapters, ASK) > last) {
        break;
      }
    }
    if (!assembler.complete()) {
      return Optional.empty();
    }
    Optional<Refusal> refusal = assembler.refusal();
    return Optional.of(
        refusal.isPresent()
            ? new Fetched(new byte[0], refusal)
            : new Fetched(assembler.bytes(), Optional.empty()));
  }

  @Override
  public void close() {
    follower.close(CloseOptions.timeout(Duration.ofSeconds(1)));
    fetcher.close(CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
