package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.weights.Safetensors;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/** Publishes adapters and writes the ledger. Blocks until the broker has what was written. */
public final class RegistryWriter implements AutoCloseable {
  private final Producer<byte[], byte[]> producer;
  private final RegistryClients clients;
  private final @Nullable SigningKey key;

  /**
   * @param key signs ledger records; null: they are not signed
   */
  public RegistryWriter(RegistryClients clients, @Nullable SigningKey key) {
    this.clients = clients;
    this.producer = clients.producer();
    this.key = key;
  }

  /** Puts an adapter file on the topic, and says its digest. */
  public String publish(byte[] file) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    Slice.cut(file).forEach(s -> records.add(s.record(clients.topics().adapters().name())));
    send(records);
    return Safetensors.sha256(file);
  }

  /** Writes a ledger record. Whether it counts is seen by reading the ledger again. */
  public void write(Cutover cutover) {
    send(List.of(CutoverCodec.encode(clients.topics().cutovers().name(), cutover, key)));
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
          tombstones.add(Slice.tombstone(digest, part).record(clients.topics().adapters().name()));
        }
      }
    }
    send(tombstones);
    return gone;
  }

  private void send(List<ProducerRecord<byte[], byte[]>> records) {
    List<Future<?>> sent = new ArrayList<>();
    records.forEach(r -> sent.add(producer.send(r)));
    producer.flush();
    for (Future<?> one : sent) {
      try {
        one.get();
      } catch (ExecutionException e) {
        throw new RegistryException("cannot be written: " + String.valueOf(e.getCause()), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RegistryException("interrupted while writing", e);
      }
    }
  }

  @Override
  public void close() {
    producer.close();
  }
}
