package dev.lookaside.ingest;

import dev.lookaside.ingest.kafka.KafkaClients.Membership;
import java.util.Map;
import java.util.Objects;

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
  public SourceSettings {
    Objects.requireNonNull(membership, "membership");
    consumerProperties = Map.copyOf(consumerProperties);
  }

  /** Name of the consumer group. */
  public String group() {
    return membership.group();
  }
}
