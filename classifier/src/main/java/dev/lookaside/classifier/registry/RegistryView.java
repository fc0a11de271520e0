package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.registry.AdapterShelf.Shelved;
import dev.lookaside.classifier.registry.Refusal.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * All that the registry's topics hold, read to their ends once and brought up to date on demand.
 */
public final class RegistryView implements AutoCloseable {
  /**
   * A ledger record as it stands on the topic.
   *
   * @param keyId it is signed with; empty if it is not
   * @param refusal why it does not count; empty if it does
   */
  public record Entry(Cutover cutover, Optional<String> keyId, Optional<Refusal> refusal) {}

  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration ASK = Duration.ofSeconds(5);
  private static final Duration FETCH = Duration.ofSeconds(30);

  private final Supplier<TrustedKeys> trusted;
  private final RegistryTopics topics;
  private final Consumer<byte[], byte[]> acksConsumer;
  private final TopicPartition acksPartition;
  private final JudgedLedger judged;
  private final List<String> unreadable = new ArrayList<>();
  private final AdapterShelf shelf = new AdapterShelf();

  /** Per worker, record and state, in the order in which they were said last. */
  private final Map<String, Ack> lastAck = new LinkedHashMap<>();

  private RegistryView(RegistryClients clients, Supplier<TrustedKeys> trusted) {
    this.trusted = trusted;
    this.judged = new JudgedLedger(trusted.get());
    this.topics = new RegistryTopics(clients.consumer(), clients.consumer(), clients.topics());
    this.acksConsumer = clients.consumer();
    this.acksPartition = new TopicPartition(clients.topics().acks().name(), 0);
    acksConsumer.assign(List.of(acksPartition));
    acksConsumer.seekToBeginning(List.of(acksPartition));
  }

  /**
   * Connects and reads everything.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  public static RegistryView open(RegistryClients clients, TrustedKeys trusted) {
    return open(clients, () -> trusted);
  }

  /**
   * As above, with keys that may change.
   *
   * @param trusted asked at each {@link #refresh}
   * @throws RegistryException if the keys cannot be read
   */
  public static RegistryView open(RegistryClients clients, Supplier<TrustedKeys> trusted) {
    clients.ensureTopics();
    RegistryView view = new RegistryView(clients, trusted);
    view.refresh();
    return view;
  }

  /** Reads what has come since, and goes by the keys that are trusted now. */
  public void refresh() {
    judged.trust(trusted.get());
    boolean atEnd = false;
    while (!atEnd) {
      topics.poll(POLL, new Reader());
      atEnd = topics.atEnd();
    }
    long end = acksConsumer.endOffsets(List.of(acksPartition), ASK).getOrDefault(acksPartition, 0L);
    while (acksConsumer.position(acksPartition, ASK) < end) {
      for (ConsumerRecord<byte[], byte[]> record : acksConsumer.poll(POLL)) {
        readAck(record);
      }
    }
  }

  private void readAck(ConsumerRecord<byte[], byte[]> record) {
    byte[] value = record.value();
    if (value != null && record.key() != null) {
      try {
        Ack ack = Ack.fromJson(value);
        String key = new String(record.key(), UTF_8) + "#" + ack.state();
        lastAck.remove(key);
        lastAck.put(key, ack);
      } catch (RegistryException e) {
        unreadable.add("ack " + record.offset() + ": " + e.getMessage());
      }
    }
  }

  public Ledger ledger() {
    return judged.ledger();
  }

  /** All ledger records in the order of the topic. */
  public List<Entry> entries() {
    return judged.records().stream()
        .map(r -> new Entry(r.cutover(), r.signed().keyId(), r.refusal()))
        .toList();
  }

  /** What stands on the topics and cannot be read, for people. */
  public List<String> unreadable() {
    return List.copyOf(unreadable);
  }

  /** Digests of all adapters on the topic, whole or not. */
  public List<String> adapters() {
    return shelf.digests().stream().sorted().toList();
  }

  /** When an adapter's newest part was published. */
  public Instant publishedAt(String digest) {
    return shelf.newest(digest);
  }

  /** Numbers of the adapter's parts on the topic. */
  List<Integer> parts(String digest) {
    return shelf.present(digest).stream().sorted().toList();
  }

  /**
   * An adapter's file.
   *
   * @throws RegistryException with the reason, if it is not whole or not sound
   */
  public byte[] file(String digest, long maxBytes) {
    Shelved shelved = shelf.find(digest);
    if (shelved == null) {
      throw new RegistryException(
          new Refusal(
                  Reason.MISSING_SLICES,
                  "parts",
                  shelf.missing(digest).toString(),
                  "must be on the topic")
              .message());
    }
    RegistryTopics.Fetched fetched =
        topics
            .fetch(shelved, maxBytes, FETCH)
            .orElseThrow(() -> new RegistryException("adapter " + digest + ": cannot be read now"));
    fetched
        .refusal()
        .ifPresent(
            r -> {
              throw new RegistryException(r.message());
            });
    return fetched.file();
  }

  /** What workers said of a ledger record, of each worker and state the last, the newest last. */
  public List<Ack> acks(String cutover) {
    return lastAck.values().stream().filter(a -> a.cutover().equals(cutover)).toList();
  }

  /** Whether workers refused a ledger record, or its adapter, and none has ever prepared it. */
  public boolean refused(Cutover cutover) {
    List<Ack> acks = acks(cutover.id());
    return acks.stream().anyMatch(a -> a.state() == Ack.State.REFUSED)
        && acks.stream()
            .noneMatch(a -> a.state() == Ack.State.PREPARED || a.state() == Ack.State.APPLIED);
  }

  /** Last signs of life of the workers that have given one since {@code since} and not stopped. */
  public List<Ack> alive(Instant since) {
    List<Ack> alive = new ArrayList<>();
    for (Ack ack : lastAck.values()) {
      Ack stopped = lastAck.get(ack.worker() + "#" + Ack.State.STOPPED);
      boolean gone = stopped != null && stopped.at().isAfter(ack.at());
      if (ack.state() == Ack.State.ALIVE && !ack.at().isBefore(since) && !gone) {
        alive.add(ack);
      }
    }
    alive.sort(Comparator.comparing(Ack::worker));
    return alive;
  }

  /** The record of this id that counts, or null. */
  public @Nullable Cutover cutover(String id) {
    for (JudgedLedger.Judged e : judged.records()) {
      if (e.refusal().isEmpty() && e.cutover().id().equals(id)) {
        return e.cutover();
      }
    }
    return null;
  }

  @Override
  public void close() {
    topics.close();
    acksConsumer.close();
  }

  private final class Reader implements RegistryTopics.Reader {
    @Override
    public void cutover(ConsumerRecord<byte[], byte[]> record) {
      try {
        judged.add(CutoverCodec.decode(record));
      } catch (RegistryException e) {
        unreadable.add("record " + record.offset() + ": " + e.getMessage());
      }
    }

    @Override
    public void slice(Slice slice, ConsumerRecord<byte[], byte[]> record) {
      shelf.add(slice, record.offset(), Instant.ofEpochMilli(record.timestamp()));
    }
  }
}
