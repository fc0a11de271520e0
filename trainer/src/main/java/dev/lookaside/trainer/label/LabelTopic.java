package dev.lookaside.trainer.label;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * All labels that {@code audio.labels} holds, read from its beginning without a group and brought
 * up to date on demand. For one thread.
 */
public final class LabelTopic implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration ASK = Duration.ofSeconds(5);
  private static final Comparator<Label> BY_AGE =
      Comparator.comparing(Label::time).thenComparing(Label::id);

  private final Consumer<byte[], byte[]> consumer;
  private final String topic;
  private final LabelCodec codec = new LabelCodec();
  private final Map<String, Label> labels = new LinkedHashMap<>();
  private final List<String> unreadable = new ArrayList<>();
  private List<TopicPartition> partitions = List.of();

  /**
   * @param consumer owned; in no group
   */
  LabelTopic(Consumer<byte[], byte[]> consumer, String topic) {
    this.consumer = consumer;
    this.topic = topic;
  }

  /** Connects at the first {@link #refresh}; the topic must be there. */
  public static LabelTopic open(IngestSettings settings) {
    Map<String, Object> properties = new HashMap<>(settings.kafkaClients());
    properties.put("enable.auto.commit", "false");
    properties.put("allow.auto.create.topics", "false");
    properties.put("auto.offset.reset", "earliest");
    properties.put("fetch.max.wait.ms", "50");
    return new LabelTopic(
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer()),
        settings.topics().training().labels().name());
  }

  /**
   * Reads what has come since.
   *
   * @return how many labels were new
   * @throws UnreachableException if no broker answers; the next call goes on
   * @throws IngestException if the topic is not there
   */
  public int refresh() {
    int before = labels.size();
    try {
      if (partitions.isEmpty()) {
        assign();
      }
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, ASK);
      while (behind(ends)) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          read(record);
        }
      }
    } catch (RetriableException e) {
      throw new UnreachableException(topic + ": " + e.getMessage(), e);
    }
    return labels.size() - before;
  }

  private void assign() {
    List<TopicPartition> found =
        consumer.partitionsFor(topic, ASK).stream()
            .map(p -> new TopicPartition(topic, p.partition()))
            .toList();
    if (found.isEmpty()) {
      throw new IngestException("topic \"%s\": is not there".formatted(topic));
    }
    consumer.assign(found);
    consumer.seekToBeginning(found);
    partitions = found;
  }

  private boolean behind(Map<TopicPartition, Long> ends) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey(), ASK) < end.getValue()) {
        return true;
      }
    }
    return false;
  }

  private void read(ConsumerRecord<byte[], byte[]> record) {
    LabelCodec.Decoded decoded = codec.decode(record);
    if (decoded instanceof LabelCodec.Read found) {
      // Written twice, the first counts: as in the store.
      labels.putIfAbsent(found.label().id(), found.label());
    } else if (decoded instanceof LabelCodec.Rejected bad) {
      unreadable.add(
          "%s, partition %d, record %d is no label: %s"
              .formatted(topic, record.partition(), record.offset(), bad.rejection().describe()));
    }
  }

  /** What was read, each id once, oldest first. */
  public List<Label> labels() {
    return labels.values().stream().sorted(BY_AGE).toList();
  }

  /** Records that are no labels, a line each, for people. */
  public List<String> unreadable() {
    return List.copyOf(unreadable);
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
