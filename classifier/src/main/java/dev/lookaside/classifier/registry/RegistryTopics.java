package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.PublishedAdapters.PublishedAdapter;
import dev.lookaside.ingest.TopicSettings;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledger and the adapters, and for a view what workers acknowledge, as one reader follows them
 * from their beginnings. Owns its clients; one thread.
 */
final class RegistryTopics implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RegistryTopics.class);

  /** Gets what was read, in the order of each topic. */
  interface Reader {
    void cutover(ConsumerRecord<byte[], byte[]> record);

    void slice(Slice slice, ConsumerRecord<byte[], byte[]> record);

    /** Called if the acks are read, too. */
    default void ack(ConsumerRecord<byte[], byte[]> record) {}
  }

  /** An adapter file, or why there is none. */
  record Fetched(byte[] file, Optional<AdapterRejection> refusal) {}

  private final TopicSettings.Registry topics;
  private final TopicReader follower;
  private final TopicReader fetcher;
  private final ResourceCloser clients;

  private RegistryTopics(
      TopicSettings.Registry topics,
      TopicReader follower,
      TopicReader fetcher,
      ResourceCloser clients) {
    this.topics = topics;
    this.follower = follower;
    this.fetcher = fetcher;
    this.clients = clients;
  }

  /**
   * Connects.
   *
   * @param withAcks whether the acks are read, too
   * @throws RegistryException if a topic has not exactly one partition
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  static RegistryTopics open(
      KafkaClients clients, TopicSettings.Registry topics, boolean withAcks) {
    List<String> followed = new ArrayList<>();
    followed.add(topics.cutovers().name());
    followed.add(topics.adapters().name());
    if (withAcks) {
      followed.add(topics.acks().name());
    }
    try (ResourceCloser opened = new ResourceCloser()) {
      TopicReader follower =
          opened.add(
              TopicReader.open(
                  clients, "registry", Start.BEGINNING, followed.toArray(String[]::new)));
      TopicReader fetcher =
          opened.add(TopicReader.seeking(clients, "adapters", topics.adapters().name()));
      for (String topic : followed) {
        // Their order is what decides, so there must be one order.
        int partitions = follower.partitions(topic);
        if (partitions != 1) {
          throw RegistryException.of(
              "topic " + topic, partitions + " partitions", "must have exactly one");
        }
      }
      // Here, where a failure is expected, and not in the first poll.
      follower.position();
      return new RegistryTopics(topics, follower, fetcher, opened.keep());
    }
  }

  /** Reads on, waiting at most {@code wait} for something. */
  void poll(Duration wait, Reader reader) {
    follower.poll(wait, record -> read(record, reader));
  }

  /**
   * Reads what there is now.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers in time
   */
  void readToEnd(Reader reader) {
    follower.readToEnd(record -> read(record, reader));
  }

  private void read(ConsumerRecord<byte[], byte[]> record, Reader reader) {
    if (record.topic().equals(topics.cutovers().name())) {
      reader.cutover(record);
    } else if (record.topic().equals(topics.acks().name())) {
      reader.ack(record);
    } else {
      Slice slice;
      try {
        slice = Slice.of(record);
      } catch (RegistryException e) {
        LOG.warn("{}, record {}: {}", record.topic(), record.offset(), e.getMessage());
        return;
      }
      reader.slice(slice, record);
    }
  }

  /**
   * Asks the brokers whether everything was read.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if none answers in time
   */
  boolean atEnd() {
    return follower.atEnd();
  }

  /**
   * Reads the parts of an adapter again and puts them together.
   *
   * @return empty if parts have just been deleted
   * @throws dev.lookaside.ingest.kafka.UnreachableException if that is not done by the timeout
   */
  Optional<Fetched> fetch(PublishedAdapter shelved, long maxBytes, Duration timeout) {
    AdapterAssembler assembler = new AdapterAssembler(shelved.digest(), maxBytes);
    Set<Long> wanted = new HashSet<>(shelved.offsets());
    long last = shelved.offsets().stream().mapToLong(Long::longValue).max().orElseThrow();
    List<AdapterRejection> refused = new ArrayList<>();
    fetcher
        .within(timeout)
        .scan(
            0,
            shelved.firstOffset(),
            last + 1,
            record -> {
              if (wanted.remove(record.offset())) {
                assembler.add(Slice.of(record)).ifPresent(refused::add);
              }
              return refused.isEmpty() && !wanted.isEmpty();
            });
    if (refused.isEmpty() && !assembler.complete()) {
      return Optional.empty();
    }
    Optional<AdapterRejection> refusal =
        refused.isEmpty() ? assembler.refusal() : Optional.of(refused.get(0));
    return Optional.of(new Fetched(refusal.isPresent() ? new byte[0] : assembler.bytes(), refusal));
  }

  @Override
  public void close() {
    clients.close();
  }
}
