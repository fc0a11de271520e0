package dev.lookaside.ingest;

import java.util.Map;

/**
 * Settings of reading a stream's audio back; the keys of {@code lookaside.ingest.retained} in
 * reference.conf say unit, range and reason of each.
 *
 * @param consumerProperties of the KafkaConsumer, all but deserialisers
 */
public record RetainedSettings(
    long marginMillis,
    long maxLateMillis,
    long timeoutMillis,
    int maxReadSeconds,
    Map<String, Object> consumerProperties) {
  public RetainedSettings {
    consumerProperties = Map.copyOf(consumerProperties);
  }
}
