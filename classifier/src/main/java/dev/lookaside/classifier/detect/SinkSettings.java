package dev.lookaside.classifier.detect;

import com.typesafe.config.Config;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.KafkaKeys;
import java.time.Duration;
import java.util.Optional;

/**
 * How results are written; {@code lookaside.classifier.sink}, and of {@code lookaside.ingest} what
 * source and sink must agree on.
 *
 * @param clients makes the producer
 * @param topic of the detections
 * @param chunks topic whose offsets are committed
 * @param group that consumes it
 * @param instance static name of this process in the group, if it has one
 * @param exactlyOnce everything in transactions, or records alone
 * @param retryDelay pause after a write that failed before it is tried again
 * @param reportAfter results that wait longer are reported, and again each time this has passed
 */
public record SinkSettings(
    KafkaClients clients,
    String topic,
    String progress,
    String deadLetters,
    String chunks,
    String group,
    Optional<String> instance,
    boolean exactlyOnce,
    Duration retryDelay,
    Duration reportAfter) {
  public SinkSettings {
    DetectSettings.between("retry-delay-millis", retryDelay.toMillis(), 1, 600_000);
    DetectSettings.between("report-after-millis", reportAfter.toMillis(), 1, 3_600_000);
  }

  /** Reads the block {@code lookaside.classifier.sink}. */
  public static SinkSettings of(Config sink, IngestSettings ingest) {
    return new SinkSettings(
        ingest.clients().with(KafkaKeys.properties(sink.getConfig("kafka-clients"))),
        ingest.topics().detections().name(),
        ingest.topics().progress().name(),
        ingest.topics().deadLetters().name(),
        ingest.topics().chunks().name(),
        ingest.source().group(),
        ingest.source().membership().instance(),
        ingest.source().exactlyOnce(),
        Duration.ofMillis(sink.getLong("retry-delay-millis")),
        Duration.ofMillis(sink.getLong("report-after-millis")));
  }
}
