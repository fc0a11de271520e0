package dev.lookaside.classifier.detect;

import com.typesafe.config.Config;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.SettingsBlock;
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
  /** As often as a broker that is away is asked again by the client itself. */
  private static final Duration RETRY_DELAY = Duration.ofSeconds(1);

  /** Long against a write (some ms), short against a person's patience. */
  private static final Duration REPORT_AFTER = Duration.ofSeconds(5);

  /**
   * Reads {@code lookaside.classifier.sink} of a whole configuration.
   *
   * @param ingest of the same
   */
  public static SinkSettings of(Config config, IngestSettings ingest) {
    SettingsBlock sink = SettingsBlock.of(config, "lookaside.classifier.sink");
    return new SinkSettings(
        ingest.clients().with(KafkaKeys.properties(sink.block("kafka-clients").config())),
        ingest.topics().detections().name(),
        ingest.topics().progress().name(),
        ingest.topics().deadLetters().name(),
        ingest.topics().chunks().name(),
        ingest.source().group(),
        ingest.source().membership().instance(),
        ingest.source().exactlyOnce(),
        RETRY_DELAY,
        REPORT_AFTER);
  }
}
