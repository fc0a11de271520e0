package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.registry.Ack.State;
import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.registry.PublishedAdapters.PublishedAdapter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a worker knows of adapters and decisions, and what it has to prepare next. Pure: records,
 * outcomes and time come in, acks and plans go out.
 *
 * <pre>
 *   record read -> pending -> ready                   its adapter is loaded and checked
 *               |          -> refused                 the incumbent decides on
 *               -> refused                            not signed, out of order, ...
 *   ready -> pending                                  its adapter was evicted, and a window wants it
 *   refused for missing slices -> pending             the slices came after all
 *   refused for its key <-> pending or ready          the trusted keys have changed
 * </pre>
 */
final class RegistryCore {
  /** A record whose adapter is to be prepared, and where the file's parts are. */
  record Task(Cutover cutover, PublishedAdapter shelved) {}

  /** How long a decision may take from being dated to being readable on the topic. */
  private static final Duration WRITING = Duration.ofMillis(500);

  private final String worker;
  private final VerifiedLedger verified;
  private final LoadedAdapter configured;
  private final RegistrySettings settings;
  private final PublishedAdapters onTopic = new PublishedAdapters();
  private final Map<String, Cutover> byId = new HashMap<>();
  private final Map<String, AdapterRejection> refused = new HashMap<>();
  private final Set<String> ready = new HashSet<>();
  private final Map<String, Instant> missingSince = new HashMap<>();
  private final Set<String> wanted = new LinkedHashSet<>();
  private final LinkedHashMap<String, LoadedAdapter> loaded = new LinkedHashMap<>(16, 0.75f, true);
  private final List<Ack> acks = new ArrayList<>();
  private @Nullable Instant seenToEnd;
  private @Nullable LedgerAdapterPlan published;
  private boolean changed = true;

  RegistryCore(
      String worker, TrustedKeys trusted, LoadedAdapter configured, RegistrySettings settings) {
    this.worker = worker;
    this.verified = new VerifiedLedger(trusted);
    this.configured = configured;
    this.settings = settings;
  }

  /** The next record of the ledger's topic. */
  void read(SignedCutover signed, Instant now) {
    VerifiedLedger.Verification record = verified.add(signed);
    ackRejected(record, now);
    if (record.refusal().isEmpty()) {
      byId.put(record.cutover().id(), record.cutover());
      changed = true;
    }
  }

  /** Acks a record that does not count. */
  private void ackRejected(VerifiedLedger.Verification record, Instant now) {
    Cutover c = record.cutover();
    // Not under its id in the ledger: that number may be another record's.
    record.refusal().ifPresent(why -> acks.add(Ack.refused(worker, now, c.id(), c.adapter(), why)));
  }

  /** Whether a record is signed with a key that is not known. */
  boolean wantsKey(SignedCutover signed) {
    return verified.wantsKey(signed);
  }

  /** From here on these keys count, for all of the ledger. */
  void trust(TrustedKeys keys, Instant now) {
    List<VerifiedLedger.Verification> others = verified.trust(keys);
    if (others.isEmpty()) {
      return;
    }
    others.forEach(record -> ackRejected(record, now));
    Map<String, Cutover> before = Map.copyOf(byId);
    byId.clear();
    for (VerifiedLedger.Verification record : verified.records()) {
      if (record.refusal().isEmpty()) {
        byId.put(record.cutover().id(), record.cutover());
      }
    }
    before.forEach(
        (id, c) -> {
          if (!c.equals(byId.get(id))) {
            ready.remove(id);
            refused.remove(id);
            missingSince.remove(id);
            wanted.remove(id);
          }
        });
    changed = true;
  }

  /** A record of the ledger's topic that is none. */
  void unreadable(String key, String why, Instant now) {
    AdapterRejection refusal = new AdapterRejection(Reason.BAD_RECORD, "record", key, why);
    acks.add(Ack.refused(worker, now, key.isEmpty() ? "?" : key, null, refusal));
  }

  /** A record of the adapters' topic. */
  void read(Slice slice, long offset, Instant at) {
    onTopic.add(slice, offset, at);
    if (onTopic.find(slice.digest()) != null) {
      refused
          .entrySet()
          .removeIf(
              e ->
                  e.getValue().reason() == Reason.MISSING_SLICES
                      && slice.digest().equals(adapterOf(e.getKey()))
                      && changed());
      missingSince.keySet().removeIf(id -> slice.digest().equals(adapterOf(id)));
    }
  }

  private @Nullable String adapterOf(String id) {
    Cutover c = byId.get(id);
    return c == null ? null : c.adapter();
  }

  private boolean changed() {
    changed = true;
    return true;
  }

  /** Both topics were read to their ends as they were at {@code at}. */
  void seenToEnd(Instant at) {
    seenToEnd = at;
  }

  /** Windows wait for the adapter of this record. */
  void want(String id) {
    if (byId.containsKey(id)) {
      wanted.add(id);
    }
  }

  /**
   * What to prepare next; empty if nothing is to be done now. Refuses records whose slices are
   * missing for too long.
   */
  Optional<Task> next(Instant now) {
    if (seenToEnd == null) {
      return Optional.empty();
    }
    Set<String> open = new LinkedHashSet<>();
    wanted.stream().filter(this::open).forEach(open::add);
    verified.ledger().neededSince(now, c -> !refused.containsKey(c.id())).stream()
        .map(Cutover::id)
        .filter(this::open)
        .forEach(open::add);
    wanted.retainAll(open);
    for (String id : open) {
      Cutover c = byId.get(id);
      String digest = c == null ? null : c.adapter();
      if (c == null || digest == null) {
        continue;
      }
      if (digest.equals(configured.digest())) {
        prepared(c, configured, 0, 0, now);
        continue;
      }
      PublishedAdapter shelved = onTopic.find(digest);
      if (shelved != null) {
        return Optional.of(new Task(c, shelved));
      }
      missing(c, digest, now);
    }
    return Optional.empty();
  }

  private boolean open(String id) {
    String digest = adapterOf(id);
    return !refused.containsKey(id)
        && !(ready.contains(id) && digest != null && loaded.containsKey(digest));
  }

  private void missing(Cutover c, String digest, Instant now) {
    Instant since = missingSince.computeIfAbsent(c.id(), id -> now);
    if (Duration.between(since, now).compareTo(settings.fetchTimeout()) >= 0) {
      refused(
          c,
          new AdapterRejection(
              Reason.MISSING_SLICES,
              "parts",
              onTopic.missing(digest).toString(),
              "must be on the topic within " + settings.fetchTimeout().toSeconds() + " s"),
          now);
    }
  }

  /** The adapter of a record is loaded and checked. */
  void prepared(Cutover c, LoadedAdapter adapter, long millis, long bytes, Instant now) {
    ready.add(c.id());
    wanted.remove(c.id());
    loaded.put(adapter.digest(), adapter);
    acks.add(Ack.prepared(worker, State.PREPARED, now, c, millis, bytes));
    evictUnused(c, now);
    changed = true;
  }

  /** The adapter of a record cannot be used. */
  void refused(Cutover c, AdapterRejection refusal, Instant now) {
    refused.put(c.id(), refusal);
    wanted.remove(c.id());
    missingSince.remove(c.id());
    acks.add(Ack.refused(worker, now, c.id(), c.adapter(), refusal));
    changed = true;
  }

  /** Windows were scored by this record for the first time. */
  void applied(String id, Instant now) {
    Cutover c = byId.get(id);
    if (c != null) {
      acks.add(Ack.of(worker, State.APPLIED, now, c));
    }
  }

  /** Evicts the adapters that are longest unused, but none that is or will be in force. */
  private void evictUnused(Cutover latest, Instant now) {
    Set<String> keep = verified.ledger().digestsNeededSince(now, c -> !refused.containsKey(c.id()));
    Iterator<String> oldestFirst = loaded.keySet().iterator();
    while (loaded.size() > settings.maxPrepared() && oldestFirst.hasNext()) {
      String digest = oldestFirst.next();
      if (!keep.contains(digest) && !digest.equals(latest.adapter())) {
        oldestFirst.remove();
      }
    }
  }

  /** The adapter, if it is loaded; else null. */
  @Nullable LoadedAdapter loaded(String digest) {
    return loaded.get(digest);
  }

  /** Digests of all adapters loaded now. */
  List<String> loadedDigests() {
    return List.copyOf(loaded.keySet());
  }

  /** Whether the ledger is known so newly that no decision about the present can be missing. */
  boolean current(Instant now) {
    return seenToEnd != null && Duration.between(seenToEnd, now).compareTo(settings.lead()) <= 0;
  }

  /** The plan to follow, if it is another than the last one given out. */
  Optional<AdapterPlan> plan() {
    LedgerAdapterPlan last = published;
    Instant seen = seenToEnd;
    if (seen == null) {
      boolean first = changed;
      changed = false;
      return first ? Optional.of(AdapterPlan.UNKNOWN) : Optional.empty();
    }
    Instant knownUntil = seen.plus(settings.lead()).minus(WRITING);
    if (last == null || changed) {
      last =
          new LedgerAdapterPlan(
              verified.ledger(), refused.keySet(), ready, loaded, configured, knownUntil);
    } else if (!last.knownUntil().equals(knownUntil)) {
      last = last.until(knownUntil);
    } else {
      return Optional.empty();
    }
    changed = false;
    published = last;
    return Optional.of(last);
  }

  /** Acks not taken yet. */
  List<Ack> takeAcks() {
    List<Ack> all = List.copyOf(acks);
    acks.clear();
    return all;
  }
}
