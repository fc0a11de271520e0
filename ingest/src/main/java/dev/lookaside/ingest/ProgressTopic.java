package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.ResourceCloser;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads {@code lookaside.progress}: where each stream goes on, for each consumer group that reads
 * the audio. Compacted; a record without a value takes a stream's progress away.
 *
 * <pre>
 *   key      consumer group, the character U+0000, stream id; UTF-8
 *   value    {@link StreamProgress}
 * </pre>
 *
 * <p>Without a stream id it is of the partition's records without a stream: those up to {@code
 * throughOffset} have had their dead letters.
 */
public final class ProgressTopic {
  private static final Logger LOG = LoggerFactory.getLogger(ProgressTopic.class);
  private static final Duration POLL = Duration.ofMillis(100);

  private static final char SEPARATOR = '\0';

  private final KafkaClients clients;
  private final String topic;
  private final String group;

  /**
   * @param group whose progress is read; that of others is passed over
   */
  public ProgressTopic(KafkaClients clients, String topic, String group) {
    this.clients = clients;
    this.topic = topic;
    this.group = group;
  }

  /** The key of a stream's progress. */
  public static byte[] key(String group, StreamId stream) {
    return (group + SEPARATOR + stream.value()).getBytes(UTF_8);
  }

  /** The key of what is known of a partition's records without a stream. */
  public static byte[] lettersKey(String group) {
    return (group + SEPARATOR).getBytes(UTF_8);
  }

  /**
   * The progress of all streams of these partitions.
   *
   * <p>Reads to the high watermark, not to the last stable offset: a transaction of whoever had the
   * partitions before may still be open, and must be settled one way or the other first.
   *
   * @param within after which it is given up; longer than a transaction may stay open
   * @throws IngestException if it cannot be read within that time
   */
  public Map<Integer, PartitionProgress> read(Collection<Integer> partitions, Duration within) {
    long deadlineNanos = System.nanoTime() + within.toNanos();
    Map<Integer, Map<String, byte[]>> found = new HashMap<>();
    List<TopicPartition> wanted =
        partitions.stream().map(p -> new TopicPartition(topic, p)).toList();
    partitions.forEach(p -> found.put(p, new HashMap<>()));
    try (ResourceCloser opened = new ResourceCloser()) {
      Map<TopicPartition, Long> ends =
          highWatermarks(opened.add(clients.admin("progress")), wanted, within);
      Consumer<byte[], byte[]> consumer = opened.add(clients.consumer("progress"));
      consumer.assign(wanted);
      consumer.seekToBeginning(wanted);
      while (!reached(consumer, ends, left(deadlineNanos, within))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          take(record, found.computeIfAbsent(record.partition(), p -> new HashMap<>()));
        }
      }
      Map<Integer, PartitionProgress> all = new HashMap<>();
      found.forEach((p, values) -> all.put(p, progress(p, values)));
      return all;
    } catch (KafkaException e) {
      throw new IngestException(
          "topic \"%s\" at %s: cannot be read (%s)"
              .formatted(topic, clients.servers(), Clients.rootMessage(e)),
          e);
    }
  }

  private Map<TopicPartition, Long> highWatermarks(
      Admin admin, List<TopicPartition> partitions, Duration within) {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    partitions.forEach(p -> latest.put(p, OffsetSpec.latest()));
    ListOffsetsResult result = admin.listOffsets(latest);
    Map<TopicPartition, Long> ends = new HashMap<>();
    try {
      for (TopicPartition p : partitions) {
        ends.put(
            p, result.partitionResult(p).get(within.toMillis(), TimeUnit.MILLISECONDS).offset());
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException cause ? cause : new KafkaException(e.getCause());
    } catch (TimeoutException e) {
      throw new org.apache.kafka.common.errors.TimeoutException("no answer about its end", e);
    } catch (InterruptedException e) {
      throw new org.apache.kafka.common.errors.InterruptException(e);
    }
    return ends;
  }

  private static boolean reached(
      Consumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends, Duration left) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey(), left) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  private Duration left(long deadlineNanos, Duration within) {
    long left = deadlineNanos - System.nanoTime();
    if (left <= 0) {
      throw new IngestException(
          "topic \"%s\" at %s: not read to its end within %d s; a worker's transaction may still be"
                  .formatted(topic, clients.servers(), within.toSeconds())
              + " open");
    }
    return Duration.ofNanos(left);
  }

  private void take(ConsumerRecord<byte[], byte[]> record, Map<String, byte[]> into) {
    String key = record.key() == null ? "" : new String(record.key(), UTF_8);
    if (!key.startsWith(group + SEPARATOR)) {
      return;
    }
    String stream = key.substring(group.length() + 1);
    if (record.value() == null) {
      into.remove(stream);
    } else {
      into.put(stream, record.value());
    }
  }

  private PartitionProgress progress(int partition, Map<String, byte[]> values) {
    Map<StreamId, StreamProgress> streams = new HashMap<>();
    long lettersThrough = -1;
    for (Map.Entry<String, byte[]> value : values.entrySet()) {
      try {
        StreamProgress its = StreamProgress.of(value.getValue());
        if (value.getKey().isEmpty()) {
          lettersThrough = its.throughOffset();
        } else {
          streams.put(new StreamId(value.getKey()), its);
        }
      } catch (IngestException e) {
        LOG.warn(
            "Unreadable progress of stream \"{}\" in {} partition {}: {}",
            value.getKey(),
            topic,
            partition,
            e.getMessage());
      }
    }
    return new PartitionProgress(streams, lettersThrough);
  }
}
