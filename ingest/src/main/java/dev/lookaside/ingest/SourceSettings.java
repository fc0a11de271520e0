package dev.lookaside.ingest;

import java.util.Map;
import java.util.Objects;

/**
 * Settings of {@link KafkaSource}; the keys of {@code lookaside.ingest.source} in reference.conf
 * say unit, range and reason of each.
 *
 * @param consumerProperties of the KafkaConsumer, all but group and deserialisers
 * @param letterProperties of the dead letters' KafkaProducer, all but serialisers
 */
public record SourceSettings(
    String group,
    int creditRecords,
    long creditBytes,
    long commitIntervalMillis,
    long pollMillis,
    long unreachableAfterMillis,
    long reportIntervalMillis,
    int maxLetters,
    long stopTimeoutMillis,
    Map<String, Object> consumerProperties,
    Map<String, Object> letterProperties) {
  public SourceSettings {
    Objects.requireNonNull(group, "group");
    consumerProperties = Map.copyOf(consumerProperties);
    letterProperties = Map.copyOf(letterProperties);
  }
}
