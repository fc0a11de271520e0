package dev.lookaside.deploy;

import dev.lookaside.classifier.detect.DetectException;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code audio.detections} as anybody can: all partitions, without a consumer group. For one
 * thread; an interrupt ends {@link #poll} with Kafka's {@code InterruptException}.
 */
public final class DetectionFollower implements AutoCloseable {
  private static final Duration ASK = Duration.ofSeconds(2);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String topic;
  private final boolean fromBeginning;
  private final Consumer<String> said;
  private final DetectionCodec codec = new DetectionCodec();
  private boolean positioned;
  private @Nullable String lastSaid;

  /**
   * One record.
   *
   * @param detection what it says
   * @param json its value as it is
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Heard(Detection detection, byte[] json) {}

  /**
   * Connects at the first {@link #poll}.
   *
   * @param clients settings of Kafka clients, at least {@code bootstrap.servers}
   * @param fromBeginning whether to read what is there already
   * @param said is told, once each, of what keeps it from reading and of records that are no
   *     detections
   */
  public DetectionFollower(
      Map<String, ?> clients, String topic, boolean fromBeginning, Consumer<String> said) {
    Map<String, Object> config = new HashMap<>(clients);
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("fetch.max.wait.ms", "50");
    this.consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.topic = topic;
    this.fromBeginning = fromBeginning;
    this.said = said;
  }

  /** True once it stands where it begins to read: later detections will be seen. */
  public boolean ready() {
    return positioned;
  }

  /**
   * What has come, waiting at most {@code wait} for it. An unreachable broker or a missing topic is
   * said, and tried again by the next call.
   */
  public List<Heard> poll(Duration wait) {
    List<Heard> heard = new ArrayList<>();
    if (!positioned && !position()) {
      return heard;
    }
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(wait)) {
      try {
        heard.add(new Heard(codec.decode(record), record.value()));
      } catch (DetectException e) {
        said.accept(
            "%s, partition %d, record %d is no detection: %s"
                .formatted(topic, record.partition(), record.offset(), e.getMessage()));
      }
    }
    return heard;
  }

  private boolean position() {
    try {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo p : consumer.partitionsFor(topic, ASK)) {
        partitions.add(new TopicPartition(topic, p.partition()));
      }
      if (partitions.isEmpty()) {
        sayOnce("topic \"" + topic + "\" is not there yet, waiting for it");
        return false;
      }
      consumer.assign(partitions);
      if (fromBeginning) {
        consumer.seekToBeginning(partitions);
      } else {
        consumer.seekToEnd(partitions);
      }
      // Seeking is lazy: ask now, so that what is sent from here on is seen.
      for (TopicPartition partition : partitions) {
        consumer.position(partition, ASK);
      }
      positioned = true;
      return true;
    } catch (RetriableException e) {
      sayOnce("no answer from Kafka (" + e.getMessage() + "), still trying");
      return false;
    }
  }

  private void sayOnce(String text) {
    if (!text.equals(lastSaid)) {
      lastSaid = text;
      said.accept(text);
    }
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
