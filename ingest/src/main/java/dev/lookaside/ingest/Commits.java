package dev.lookaside.ingest;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commits the settled positions of partitions, each with the {@link ResumePoints} of its streams.
 * Belongs to the poll thread.
 */
final class Commits {
  private static final Logger LOG = LoggerFactory.getLogger(Commits.class);

  /** As many as a broker takes by default, some 300 streams. */
  private static final int METADATA_CHARS = 4_096;

  private final Consumer<byte[], byte[]> consumer;
  private int metadataChars = METADATA_CHARS;

  Commits(Consumer<byte[], byte[]> consumer) {
    this.consumer = consumer;
  }

  /** Begins to commit and does not wait. What fails is repeated by the next one. */
  void start(Collection<PartitionFeed> feeds) {
    Map<PartitionFeed, OffsetAndMetadata> due = due(feeds);
    if (due.isEmpty()) {
      return;
    }
    consumer.commitAsync(
        positions(due),
        (positions, e) -> {
          if (e == null) {
            due.forEach(PartitionFeed::committed);
          } else {
            failed(e);
            LOG.debug("Commit of {} failed, the next one repeats it", positions, e);
          }
        });
  }

  /** Commits and waits, because the partitions are leaving. Failing means reading again. */
  void finish(Collection<PartitionFeed> feeds, Duration timeout) {
    Map<PartitionFeed, OffsetAndMetadata> due = due(feeds);
    if (due.isEmpty() || timeout.isZero()) {
      return;
    }
    try {
      consumer.commitSync(positions(due), timeout);
      due.forEach(PartitionFeed::committed);
    } catch (KafkaException e) {
      failed(e);
      LOG.warn("Last commit failed, records will be read again: {}", e.getMessage());
    }
  }

  private void failed(Exception e) {
    if (e instanceof OffsetMetadataTooLarge && metadataChars > 0) {
      metadataChars = 0;
      LOG.warn(
          "The broker takes less than {} bytes with an offset (offset.metadata.max.bytes): after a crash"
              + " streams may repeat ends of sounds as sounds",
          METADATA_CHARS);
    }
  }

  private Map<PartitionFeed, OffsetAndMetadata> due(Collection<PartitionFeed> feeds) {
    Map<PartitionFeed, OffsetAndMetadata> due = new HashMap<>();
    for (PartitionFeed feed : feeds) {
      feed.toCommit(metadataChars).ifPresent(at -> due.put(feed, at));
    }
    return due;
  }

  private static Map<TopicPartition, OffsetAndMetadata> positions(
      Map<PartitionFeed, OffsetAndMetadata> due) {
    Map<TopicPartition, OffsetAndMetadata> positions = new HashMap<>();
    due.forEach((feed, at) -> positions.put(feed.partition(), at));
    return positions;
  }
}
