package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.registry.PublishedAdapters.PublishedAdapter;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.TopicReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * All that the registry's topics hold, read to their ends once and brought up to date on demand.
 * Any thread, so that all parts of a process share one: keys are followed and records are verified
 * once.
 */
public final class RegistryView implements AutoCloseable {
  /**
   * A ledger record as it is on the topic.
   *
   * @param keyId it is signed with; empty if it is not
   * @param refusal why it does not count; empty if it does
   */
  public record Entry(
      Cutover cutover, Optional<String> keyId, Optional<AdapterRejection> refusal) {}

  private static final Duration FETCH = Duration.ofSeconds(30);

  private final KeyWatch keys;
  private final RegistryTopics topics;
  private final VerifiedLedger verified;
  private final List<String> unreadable = new ArrayList<>();
  private final PublishedAdapters onTopic = new PublishedAdapters();

  /** Per worker, record and state, in the order of their last records. */
  private final Map<String, Ack> lastAck = new LinkedHashMap<>();

  private RegistryView(RegistryTopics topics, Supplier<TrustedKeys> trusted) {
    TrustedKeys known = trusted.get();
    this.keys = new KeyWatch(trusted, Duration.ZERO, known, Instant.now());
    this.verified = new VerifiedLedger(known);
    this.topics = topics;
  }

  /**
   * Connects and reads everything.
   *
   * @param trusted the keys that are trusted now; asked at each {@link #refresh}, like a worker
   *     does, so that both go by the same ledger
   * @throws RegistryException if the keys cannot be read
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  public static RegistryView open(IngestSettings ingest, Supplier<TrustedKeys> trusted) {
    Topics.ensureRegistry(ingest);
    try (ResourceCloser opened = new ResourceCloser()) {
      RegistryTopics topics =
          opened.add(RegistryTopics.open(ingest.clients(), ingest.topics().registry(), true));
      RegistryView view = new RegistryView(topics, trusted);
      view.refresh();
      opened.keep();
      return view;
    }
  }

  /**
   * The offset that the next record of the ledger's topic gets.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  public static long ledgerEnd(IngestSettings ingest) {
    Topics.ensureRegistry(ingest);
    String ledger = ingest.topics().registry().cutovers().name();
    try (TopicReader reader = TopicReader.seeking(ingest.clients(), "ledger-end", ledger)) {
      return reader.range(0).end();
    }
  }

  /**
   * Reads what has come since, and goes by the keys that are trusted now. Keys that cannot be read
   * stay as they were.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers in time
   */
  public synchronized void refresh() {
    keys.look(false, Instant.now()).ifPresent(verified::trust);
    topics.readToEnd(new Reader());
  }

  public synchronized Ledger ledger() {
    return verified.ledger();
  }

  /** All ledger records in the order of the topic. */
  public synchronized List<Entry> entries() {
    return verified.records().stream()
        .map(r -> new Entry(r.cutover(), r.signed().keyId(), r.refusal()))
        .toList();
  }

  /** Records on the topics that cannot be read, for people. */
  public synchronized List<String> unreadable() {
    return List.copyOf(unreadable);
  }

  /** Digests of all adapters on the topic, whole or not. */
  public synchronized List<String> adapters() {
    return onTopic.digests().stream().sorted().toList();
  }

  /** When an adapter's newest part was published. */
  public synchronized Instant publishedAt(String digest) {
    return onTopic.newest(digest);
  }

  /** Numbers of the adapter's parts on the topic. */
  synchronized List<Integer> parts(String digest) {
    return onTopic.present(digest).stream().sorted().toList();
  }

  /**
   * An adapter's file.
   *
   * @throws RegistryException with the reason, if it is not whole or not sound
   */
  public synchronized byte[] file(String digest, long maxBytes) {
    PublishedAdapter shelved = onTopic.find(digest);
    if (shelved == null) {
      throw new RegistryException(
          new AdapterRejection(
                  Reason.MISSING_SLICES,
                  "parts",
                  onTopic.missing(digest).toString(),
                  "must be on the topic")
              .message());
    }
    RegistryTopics.Fetched fetched =
        topics
            .fetch(shelved, maxBytes, FETCH)
            .orElseThrow(() -> new RegistryException("adapter " + digest + ": was just deleted"));
    fetched
        .refusal()
        .ifPresent(
            r -> {
              throw new RegistryException(r.message());
            });
    return fetched.file();
  }

  /**
   * The workers' answers to a ledger record, of each worker and state the last, the newest last.
   */
  public synchronized List<Ack> acks(String cutover) {
    return lastAck.values().stream().filter(a -> a.cutover().equals(cutover)).toList();
  }

  /** Whether workers refused a ledger record, or its adapter, and none has ever prepared it. */
  public synchronized boolean refused(Cutover cutover) {
    List<Ack> acks = acks(cutover.id());
    return acks.stream().anyMatch(a -> a.state() == Ack.State.REFUSED)
        && acks.stream()
            .noneMatch(a -> a.state() == Ack.State.PREPARED || a.state() == Ack.State.APPLIED);
  }

  /** Last signs of life of the workers that have given one since {@code since} and not stopped. */
  public synchronized List<Ack> alive(Instant since) {
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
  public synchronized @Nullable Cutover cutover(String id) {
    for (VerifiedLedger.Verification e : verified.records()) {
      if (e.refusal().isEmpty() && e.cutover().id().equals(id)) {
        return e.cutover();
      }
    }
    return null;
  }

  @Override
  public synchronized void close() {
    topics.close();
  }

  private final class Reader implements RegistryTopics.Reader {
    @Override
    public void cutover(ConsumerRecord<byte[], byte[]> record) {
      try {
        verified.add(CutoverCodec.decode(record));
      } catch (RegistryException e) {
        unreadable.add("record " + record.offset() + ": " + e.getMessage());
      }
    }

    @Override
    public void slice(Slice slice, ConsumerRecord<byte[], byte[]> record) {
      onTopic.add(slice, record.offset(), Instant.ofEpochMilli(record.timestamp()));
    }

    @Override
    public void ack(ConsumerRecord<byte[], byte[]> record) {
      if (record.value() == null || record.key() == null) {
        return;
      }
      try {
        Ack ack = Ack.fromJson(record.value());
        String key = new String(record.key(), UTF_8) + "#" + ack.state();
        lastAck.remove(key);
        lastAck.put(key, ack);
      } catch (RegistryException e) {
        unreadable.add("ack " + record.offset() + ": " + e.getMessage());
      }
    }
  }
}
