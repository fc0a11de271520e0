package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.TopicSettings;
import dev.lookaside.ingest.kafka.TopicWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Publishes adapters and writes the ledger. Blocks until all replicas have what was written, or
 * throws {@link dev.lookaside.ingest.kafka.UnreachableException} at the brokers' time-out.
 */
public final class RegistryWriter implements AutoCloseable {
  private final TopicWriter writer;
  private final TopicSettings.Registry topics;
  private final @Nullable SigningKey key;

  /**
   * @param key signs ledger records; null: they are not signed
   */
  public RegistryWriter(IngestSettings ingest, @Nullable SigningKey key) {
    this.topics = ingest.topics().registry();
    this.writer = TopicWriter.open(ingest.clients(), "registry-writer");
    this.key = key;
  }

  /** Puts an adapter file on the topic, and returns its digest. */
  public String publish(byte[] file) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    Slice.cut(file).forEach(s -> records.add(s.record(topics.adapters().name())));
    send(records);
    return Safetensors.sha256(file);
  }

  /** Writes a ledger record. Whether it counts is seen by reading the ledger again. */
  public void write(Cutover cutover) {
    send(List.of(CutoverCodec.encode(topics.cutovers().name(), cutover, key)));
  }

  /**
   * Takes away the adapters that were published before {@code keep} ago and that no record needs
   * for windows since then, nor to be rolled back from it.
   *
   * @return their digests
   */
  public Set<String> prune(RegistryView view, Instant now, Duration keep) {
    Instant since = now.minus(keep);
    Set<String> needed = new HashSet<>();
    for (Cutover cutover : view.ledger().neededSince(since, c -> true)) {
      Stream.of(cutover.adapter(), cutover.previous())
          .flatMap(Stream::ofNullable)
          .forEach(needed::add);
    }
    Set<String> gone = new HashSet<>();
    List<ProducerRecord<byte[], byte[]>> tombstones = new ArrayList<>();
    for (String digest : view.adapters()) {
      if (!needed.contains(digest) && view.publishedAt(digest).isBefore(since)) {
        gone.add(digest);
        for (int part : view.parts(digest)) {
          tombstones.add(Slice.tombstone(digest, part).record(topics.adapters().name()));
        }
      }
    }
    send(tombstones);
    return gone;
  }

  private void send(List<ProducerRecord<byte[], byte[]>> records) {
    writer.write(records, r -> "record " + new String(r.key(), UTF_8));
  }

  @Override
  public void close() {
    writer.close();
  }
}
