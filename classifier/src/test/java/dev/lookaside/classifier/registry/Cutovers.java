package dev.lookaside.classifier.registry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.classifier.weights.Safetensors;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** Made-up ledger records. */
final class Cutovers {
  static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private Cutovers() {}

  /** The digest of a name. */
  static String digest(String name) {
    return Safetensors.sha256(name.getBytes(StandardCharsets.UTF_8));
  }

  /** A record; {@code adapter} null: a release; {@code atSecond} null: an announcement. */
  static Cutover of(
      String scope, long number, @Nullable String adapter, @Nullable Integer atSecond) {
    return new Cutover(
        Scope.parse(scope),
        number,
        adapter == null ? null : digest(adapter),
        atSecond == null ? null : NOON.plusSeconds(atSecond),
        "promote",
        "a test",
        NOON,
        null,
        null,
        null,
        null,
        null);
  }

  /** A record that has everything. */
  static Cutover full() {
    return new Cutover(
        Scope.parse("stream:acme/door \u00fc@3"),
        7,
        digest("new"),
        NOON.plusNanos(123),
        "promote",
        "ada",
        NOON,
        digest("old"),
        digest("backbone"),
        "features",
        new GoldenLogits(42, List.of(1.5f, -0.1f, 3e-20f)),
        JsonNodeFactory.instance
            .objectNode()
            .put("mAP", 0.1)
            .put("tiny", 1e-12)
            .put("huge", 1e10)
            .put("a", 3));
  }

  /** What a consumer reads after {@code sent}. */
  static ConsumerRecord<byte[], byte[]> read(ProducerRecord<byte[], byte[]> sent, long offset) {
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(sent.topic(), 0, offset, sent.key(), sent.value());
    sent.headers().forEach(h -> record.headers().add(h));
    return record;
  }
}
