package dev.lookaside.ingest;

import dev.lookaside.ingest.DeadLetters.Letter;
import dev.lookaside.ingest.KafkaSource.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link KafkaSource}'s consumer with all that depends on it: partitions with their credit,
 * commits, dead letters. Every method belongs to the poll thread.
 */
final class SourceLink implements ConsumerRebalanceListener {
  private static final Logger LOG = LoggerFactory.getLogger(SourceLink.class);

  /** Unique within the process, whatever sources come and go. */
  private static final AtomicLong TENURES = new AtomicLong();

  private final org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> consumer;
  private final DeadLetters letters;
  private final Commits commits;
  private final SourceSettings settings;
  private final AudioChunkCodec codec;
  private final Consumer<Event> events;
  private final Map<TopicPartition, PartitionFeed> feeds = new HashMap<>();
  private boolean closed;

  /**
   * @param consumer owned and closed by the link
   * @param letters owned and closed by the link
   */
  SourceLink(
      org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> consumer,
      DeadLetters letters,
      SourceSettings settings,
      AudioChunkCodec codec,
      Consumer<Event> events) {
    this.consumer = consumer;
    this.letters = letters;
    this.commits = new Commits(consumer);
    this.settings = settings;
    this.codec = codec;
    this.events = events;
  }

  void subscribe(String topic) {
    consumer.subscribe(List.of(topic), this);
  }

  /** Fetches and delivers; waits for records only if some partition has room for them. */
  void poll() {
    long waitMillis = readable() ? settings.pollMillis() : 0;
    ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(waitMillis));
    for (TopicPartition partition : records.partitions()) {
      PartitionFeed feed = feeds.get(partition);
      if (feed != null) {
        feed.offer(records.records(partition));
        deliver(feed);
      }
    }
  }

  /** True if polling can bring something: a partition has room, or none is assigned yet. */
  boolean readable() {
    boolean any = feeds.isEmpty();
    for (PartitionFeed feed : feeds.values()) {
      any |= !feed.paused();
    }
    return any;
  }

  void credit(KafkaSource.Credit credit) {
    PartitionFeed feed = feed(credit.assignment());
    if (feed != null) {
      feed.giveBack(credit.records(), credit.bytes());
      deliver(feed);
    }
  }

  void settled(KafkaSource.Settled settled) {
    PartitionFeed feed = feed(settled.assignment());
    if (feed != null) {
      feed.settled(settled.stream(), settled.resumeOffset());
    }
  }

  void reject(KafkaSource.Reject reject) {
    PartitionFeed feed = feed(reject.assignment());
    if (feed != null) {
      toLetters(feed, reject.record(), reject.rejection());
    }
  }

  /** Takes in what became of the dead letters and goes on where they stood in the way. */
  void drainLetters() {
    boolean wasFull = letters.full();
    letters.drain(this::durable);
    if (wasFull && !letters.full()) {
      List.copyOf(feeds.values()).forEach(this::deliver);
    }
  }

  void retryLetters() {
    letters.retry();
  }

  /** Commits what is settled, without waiting. */
  void commit() {
    commits.start(feeds.values());
  }

  /** Bytes received from brokers so far, negative if the consumer does not say. */
  double bytesIn() {
    return consumer.metrics().entrySet().stream()
        .filter(m -> m.getKey().name().equals("incoming-byte-total"))
        .filter(m -> m.getKey().tags().keySet().equals(Set.of("client-id")))
        .map(m -> m.getValue().metricValue())
        .filter(Double.class::isInstance)
        .mapToDouble(Double.class::cast)
        .findFirst()
        .orElse(-1);
  }

  /**
   * Lets letters finish, commits, leaves the group and closes. Does nothing the second time.
   *
   * @param timeout for each of these steps; zero gives up what is under way
   */
  void close(Duration timeout) {
    if (closed) {
      return;
    }
    closed = true;
    letters.close(timeout);
    try {
      letters.drain(this::durable);
      commits.finish(feeds.values(), timeout);
    } catch (IngestException e) {
      LOG.warn("Stopping: {}", e.getMessage());
    }
    try {
      // Calls onPartitionsRevoked.
      consumer.close(CloseOptions.timeout(timeout));
    } catch (KafkaException e) {
      LOG.warn("Closing the consumer: {}", e.getMessage());
    }
    drop(List.copyOf(feeds.keySet()));
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    Set<Assignment> assigned = new HashSet<>();
    Map<TopicPartition, OffsetAndMetadata> before = committed(partitions);
    for (TopicPartition partition : partitions) {
      Assignment assignment = new Assignment(partition.partition(), TENURES.getAndIncrement());
      feeds.put(
          partition,
          new PartitionFeed(
              assignment,
              partition,
              settings.creditRecords(),
              settings.creditBytes(),
              before.get(partition)));
      assigned.add(assignment);
    }
    if (!assigned.isEmpty()) {
      LOG.info("Assigned {}", partitions);
      events.accept(new KafkaSource.Assigned(assigned));
    }
  }

  /** What was committed of them, as far as anything was. */
  private Map<TopicPartition, OffsetAndMetadata> committed(Collection<TopicPartition> partitions) {
    if (partitions.isEmpty()) {
      return Map.of();
    }
    try {
      return consumer.committed(
          Set.copyOf(partitions), Duration.ofMillis(settings.unreachableAfterMillis()));
    } catch (KafkaException e) {
      LOG.warn("Streams may repeat ends of sounds as sounds: {}", e.getMessage());
      return Map.of();
    }
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    List<PartitionFeed> gone = new ArrayList<>();
    for (TopicPartition partition : partitions) {
      PartitionFeed feed = feeds.get(partition);
      if (feed != null) {
        gone.add(feed);
      }
    }
    if (!closed) {
      commits.finish(gone, Duration.ofMillis(settings.stopTimeoutMillis()));
    }
    drop(partitions);
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    // Others own them already: a commit would be refused.
    drop(partitions);
  }

  private void drop(Collection<TopicPartition> partitions) {
    Set<Assignment> revoked = new HashSet<>();
    for (TopicPartition partition : partitions) {
      PartitionFeed feed = feeds.remove(partition);
      if (feed != null) {
        revoked.add(feed.assignment());
      }
    }
    if (!revoked.isEmpty()) {
      LOG.info("Revoked {}", partitions);
      events.accept(new KafkaSource.Revoked(revoked));
    }
  }

  private void deliver(PartitionFeed feed) {
    while (!letters.full()) {
      ConsumerRecord<byte[], byte[]> record = feed.next();
      if (record == null) {
        break;
      }
      AudioChunkCodec.Decoded decoded = codec.decode(record);
      if (decoded instanceof AudioChunkCodec.Chunk arrived
          && feed.doneBefore(arrived.chunk().stream(), record.offset())) {
        feed.remove();
        feed.ledger().passed(record.offset());
      } else if (decoded instanceof AudioChunkCodec.Chunk arrived) {
        feed.remove(arrived.chunk());
        events.accept(new KafkaSource.Arrived(feed.assignment(), arrived.chunk(), record));
      } else if (decoded instanceof AudioChunkCodec.Rejected rejected) {
        feed.remove();
        feed.ledger().passed(record.offset());
        refuse(feed, record, rejected);
      }
    }
    steer(feed);
  }

  private void refuse(
      PartitionFeed feed,
      ConsumerRecord<byte[], byte[]> record,
      AudioChunkCodec.Rejected rejected) {
    toLetters(feed, record, rejected.rejection());
    StreamId stream = rejected.stream();
    if (stream != null && feed.doneBefore(stream, record.offset())) {
      return;
    }
    events.accept(
        new KafkaSource.Refused(
            feed.assignment(),
            stream,
            record.offset(),
            rejected.sequence(),
            rejected.sampleOffset(),
            rejected.rejection()));
  }

  private void toLetters(
      PartitionFeed feed, ConsumerRecord<byte[], byte[]> record, Rejection rejection) {
    // A record rejected twice is one letter.
    if (feed.ledger().hold(record.offset())) {
      letters.send(feed.assignment(), record, rejection);
    }
  }

  private void durable(Letter letter) {
    PartitionFeed feed = feed(letter.assignment());
    if (feed != null) {
      feed.ledger().release(letter.record().offset());
    }
  }

  private void steer(PartitionFeed feed) {
    boolean pause = !feed.wantsMore() || letters.full();
    if (pause == feed.paused()) {
      return;
    }
    feed.paused(pause);
    if (pause) {
      consumer.pause(List.of(feed.partition()));
    } else {
      consumer.resume(List.of(feed.partition()));
    }
  }

  private @Nullable PartitionFeed feed(Assignment assignment) {
    for (PartitionFeed feed : feeds.values()) {
      if (feed.assignment().equals(assignment)) {
        return feed;
      }
    }
    return null;
  }
}
