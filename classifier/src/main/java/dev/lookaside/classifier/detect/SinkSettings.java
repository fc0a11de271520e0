package dev.lookaside.classifier.detect;

import com.typesafe.config.Config;
import dev.lookaside.ingest.kafka.KafkaKeys;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * How detections are written; {@code lookaside.classifier.sink}, whose {@code reference.conf} says
 * what each is for.
 *
 * @param topic of the detections
 * @param producer properties of the KafkaProducer
 */
public record SinkSettings(
    String topic,
    Map<String, Object> producer,
    int maxRecordsUnderWay,
    Duration retryDelay,
    Duration reportAfter,
    Duration closeTimeout) {
  private static final String SERVERS = "bootstrap.servers";

  public SinkSettings {
    producer = Map.copyOf(producer);
    if (topic.isBlank()) {
      throw new DetectException("topic \"%s\": must not be blank".formatted(topic));
    }
    DetectSettings.between("max-records-under-way", maxRecordsUnderWay, 1, 1_000_000);
    DetectSettings.between("retry-delay-millis", retryDelay.toMillis(), 1, 600_000);
    DetectSettings.between("report-after-millis", reportAfter.toMillis(), 1, 3_600_000);
    DetectSettings.between("close-timeout-millis", closeTimeout.toMillis(), 0, 600_000);
  }

  /** Reads the block {@code lookaside.classifier.sink}. */
  public static SinkSettings of(Config sink) {
    Map<String, Object> producer = new TreeMap<>();
    producer.put(SERVERS, sink.getString("bootstrap-servers"));
    producer.putAll(KafkaKeys.properties(sink.getConfig("kafka-clients")));
    return new SinkSettings(
        sink.getString("topic"),
        producer,
        sink.getInt("max-records-under-way"),
        Duration.ofMillis(sink.getLong("retry-delay-millis")),
        Duration.ofMillis(sink.getLong("report-after-millis")),
        Duration.ofMillis(sink.getLong("close-timeout-millis")));
  }

  /** As this, for another cluster. */
  public SinkSettings withServers(String servers) {
    Map<String, Object> other = new TreeMap<>(producer);
    other.put(SERVERS, servers);
    return new SinkSettings(
        topic, other, maxRecordsUnderWay, retryDelay, reportAfter, closeTimeout);
  }

  /** The brokers asked first, for messages. */
  public String servers() {
    return String.valueOf(producer.getOrDefault(SERVERS, ""));
  }
}
