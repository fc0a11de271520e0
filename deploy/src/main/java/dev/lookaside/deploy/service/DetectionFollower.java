package dev.lookaside.deploy.service;

import dev.lookaside.classifier.detect.DetectException;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads {@code audio.detections} as anybody can: all partitions, without a consumer group,
 * committed records only. For one thread; an interrupt ends {@link #poll} with Kafka's {@code
 * InterruptException}.
 */
public final class DetectionFollower implements AutoCloseable {
  private final TopicReader reader;
  private final String topic;
  private final Consumer<String> reports;
  private final DetectionCodec codec = new DetectionCodec();
  private boolean positioned;
  private String lastReport = "";

  /**
   * One record.
   *
   * @param detection its contents
   * @param json its value as it is
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Received(Detection detection, byte[] json) {}

  /**
   * Connects at the first {@link #poll}.
   *
   * @param fromBeginning whether to read what is there already
   * @param reports gets, once each, what keeps it from reading, and records that are no detections
   */
  public DetectionFollower(IngestSettings ingest, boolean fromBeginning, Consumer<String> reports) {
    this.topic = ingest.topics().detections().name();
    Start start = fromBeginning ? Start.BEGINNING : Start.END;
    this.reader = TopicReader.open(ingest.clients(), "detections", start, topic);
    this.reports = reports;
  }

  /** True once it is where it begins to read: later detections will be seen. */
  public boolean ready() {
    return positioned;
  }

  /**
   * What has come, waiting at most {@code wait} for it. A missing topic is reported, and looked for
   * again by the next call. Once the follower is {@link #ready}, brokers that go away are waited
   * for.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers before it is ready
   */
  public List<Received> poll(Duration wait) {
    List<Received> found = new ArrayList<>();
    if (!positioned) {
      try {
        reader.position();
      } catch (BrokerException.MissingTopic e) {
        reportOnce("topic \"" + topic + "\" is not there yet, waiting for it");
        return found;
      }
      positioned = true;
    }
    reader.poll(wait, record -> read(record, found));
    return found;
  }

  private void read(ConsumerRecord<byte[], byte[]> record, List<Received> found) {
    try {
      found.add(new Received(codec.decode(record), record.value()));
    } catch (DetectException e) {
      reports.accept(
          "%s, partition %d, record %d is no detection: %s"
              .formatted(topic, record.partition(), record.offset(), e.getMessage()));
    }
  }

  private void reportOnce(String text) {
    if (!text.equals(lastReport)) {
      lastReport = text;
      reports.accept(text);
    }
  }

  @Override
  public void close() {
    reader.close();
  }
}
