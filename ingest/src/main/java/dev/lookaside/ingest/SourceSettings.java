package dev.lookaside.ingest;

import dev.lookaside.ingest.kafka.KafkaClients.Membership;
import dev.lookaside.ingest.kafka.KafkaKeys;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.GroupProtocol;

/**
 * Settings of {@link KafkaSource}; the keys of {@code lookaside.ingest.source} in reference.conf
 * say unit, range and reason of each.
 *
 * @param creditRecords records of one stream that may be under way
 * @param creditBytes payload of one stream that may be under way
 * @param maxBytesUnderWay payload of all streams that may be under way
 * @param readAheadBytes payload that a partition is read ahead of its parked streams when none of
 *     its streams has room
 * @param exactlyOnce detections, progress and offsets are committed in one transaction
 * @param membership of the consumer group
 * @param startsAtEnd a group without committed offsets starts with what comes next
 * @param consumerProperties over those of every client
 */
public record SourceSettings(
    Membership membership,
    boolean exactlyOnce,
    boolean startsAtEnd,
    int creditRecords,
    long creditBytes,
    long maxBytesUnderWay,
    long readAheadBytes,
    long commitIntervalMillis,
    long pollMillis,
    long unreachableAfterMillis,
    long reportIntervalMillis,
    long stopTimeoutMillis,
    Map<String, Object> consumerProperties) {
  /**
   * Payload that a partition is read ahead when all streams known in it are parked: a stream that
   * begins behind so much backlog of others waits for them no longer than this takes to be read.
   */
  private static final long READ_AHEAD_BYTES = 64L << 20;

  /**
   * So long one poll may wait for audio, and a message to the source when nothing arrives: short
   * against a hop of windows (160 ms), long against a poll that finds nothing.
   */
  private static final long POLL_MILLIS = 20;

  /** Between reports that no broker is reachable, and between attempts to start. */
  private static final long REPORT_INTERVAL_MILLIS = 5_000;

  /**
   * For the last results of a partition that moves to another worker, and for the last commit when
   * the source stops. Below the brokers' least session time-out of 6 s.
   */
  private static final long STOP_TIMEOUT_MILLIS = 3_000;

  /** Fetched ahead by the client, per partition and in all; and records that one poll returns. */
  private static final Map<String, String> CONSUMER_DEFAULTS =
      Map.of(
          "max.partition.fetch.bytes", "1048576",
          "fetch.max.bytes", "16777216",
          "max.poll.records", "500");

  /**
   * Reads {@code lookaside.ingest.source}.
   *
   * @param unreachable without a byte from any broker for so long, it counts as unreachable
   */
  static SourceSettings of(SettingsBlock source, Duration unreachable) {
    Map<String, Object> consumer = new HashMap<>(CONSUMER_DEFAULTS);
    SettingsBlock clients = source.block("kafka-clients");
    consumer.putAll(KafkaKeys.properties(clients.config()));
    String instance = source.text("instance");
    return new SourceSettings(
        new Membership(
            source.name("group"),
            source.choice(
                "group-protocol",
                Map.of("consumer", GroupProtocol.CONSUMER, "classic", GroupProtocol.CLASSIC)),
            instance.isBlank() ? Optional.empty() : Optional.of(instance),
            Optional.empty()),
        source.choice("delivery", Map.of("exactly-once", true, "at-least-once", false)),
        startsAtEnd(consumer),
        source.count("credit-records", 1, 1_000_000),
        source.number("credit-bytes", 1, 1L << 40),
        source.number("max-bytes-under-way", 1, 1L << 40),
        READ_AHEAD_BYTES,
        source.number("commit-interval-millis", 10, 600_000),
        POLL_MILLIS,
        unreachable.toMillis(),
        REPORT_INTERVAL_MILLIS,
        STOP_TIMEOUT_MILLIS,
        consumer);
  }

  /** Kafka's own key, which this source reads itself: see {@link SourceClients}. */
  private static boolean startsAtEnd(Map<String, Object> consumer) {
    String value = String.valueOf(consumer.getOrDefault("auto.offset.reset", "earliest"));
    return switch (value) {
      case "earliest" -> false;
      case "latest" -> true;
      default ->
          throw new IngestException(
              "lookaside.ingest.source.kafka-clients.\"auto.offset.reset\" \"%s\": must be earliest or latest"
                  .formatted(value));
    };
  }

  public SourceSettings {
    Objects.requireNonNull(membership, "membership");
    consumerProperties = Map.copyOf(consumerProperties);
  }

  /** Name of the consumer group. */
  public String group() {
    return membership.group();
  }
}
