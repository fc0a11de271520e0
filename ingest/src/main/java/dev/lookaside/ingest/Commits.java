package dev.lookaside.ingest;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Commits the settled positions of partitions. Belongs to the poll thread. */
final class Commits {
  private static final Logger LOG = LoggerFactory.getLogger(Commits.class);

  private final Consumer<byte[], byte[]> consumer;

  Commits(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /** Begins to commit and does not wait. What fails is repeated by the next one. */
  void start(Collection<PartitionFeed> feeds) {
    Map<PartitionFeed, Long> due = due(feeds);
    if (due.isEmpty()) {
      return;
    }
    consumer.commitAsync(
        positions(due),
        (positions, e) -> {
          if (e == null) {
            due.forEach(PartitionFeed::committed);
          } else {
            LOG.debug("Commit of {} failed, the next one repeats it", positions, e);
          }
        });
  }

  /** Commits and waits, because the partitions are leaving. Failing means reading again. */
  void finish(Collection<PartitionFeed> feeds, Duration timeout) {
    Map<PartitionFeed, Long> due = due(feeds);
    if (due.isEmpty() || timeout.isZero()) {
      return;
    }
    try {
      consumer.commitSync(positions(due), timeout);
      due.forEach(PartitionFeed::committed);
    } catch (KafkaException e) {
      LOG.warn("Last commit failed, records will be read again: {}", e.getMessage());
    }
  }

  private static Map<PartitionFeed, Long> due(Collection<PartitionFeed> feeds) {
    Map<PartitionFeed, Long> due = new HashMap<>();
    for (PartitionFeed feed : feeds) {
      OptionalLong position = feed.toCommit();
      if (position.isPresent()) {
        due.put(feed, position.getAsLong());
      }
    }
    return due;
  }

  private static Map<TopicPartition, OffsetAndMetadata> positions(Map<PartitionFeed, Long> due) {
    Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
    due.forEach((feed, at) -> positions.put(feed.partition(), new OffsetAndMetadata(at)));
    return positions;
  }
}
