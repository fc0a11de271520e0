package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What was decided, in the order of the topic: which adapter scores which window. Immutable and
 * pure: the same records in the same order give the same answers everywhere.
 *
 * <p>For a window the most specific scope decides that has a record in force at the capture time of
 * the window's start: its stream, then its tenant, then all. Within a scope that is the record with
 * the highest number whose effective time has come. A release gives the word to less specific
 * scopes.
 */
public final class Ledger {
  /** Nothing decided: the adapter of the configuration scores. */
  public static final Ledger EMPTY = new Ledger(Map.of());

  private final Map<Scope, List<Cutover>> byScope;

  private Ledger(Map<Scope, List<Cutover>> byScope) {
    this.byScope = byScope;
  }

  /**
   * Why a record, the next of the topic, does not count: the first record with a number wins, and
   * what was in force before its predecessor's time is not changed by it.
   */
  public Optional<AdapterRejection> refusal(Cutover next) {
    List<Cutover> known = of(next.scope());
    if (known.isEmpty()) {
      return Optional.empty();
    }
    long last = known.get(known.size() - 1).number();
    if (next.number() <= last) {
      return Optional.of(
          new AdapterRejection(
              Reason.NUMBER_TAKEN,
              "number",
              Long.toString(next.number()),
              "must be above %d, the last of %s".formatted(last, next.scope())));
    }
    Instant from = next.effectiveFrom();
    Instant lastFrom = lastEffective(known);
    if (from != null && lastFrom != null && from.isBefore(lastFrom)) {
      return Optional.of(
          new AdapterRejection(
              Reason.EFFECTIVE_TOO_EARLY,
              "effectiveFrom",
              from.toString(),
              "must not be before %s, when the last of %s takes effect"
                  .formatted(lastFrom, next.scope())));
    }
    return Optional.empty();
  }

  private static @Nullable Instant lastEffective(List<Cutover> known) {
    for (int i = known.size() - 1; i >= 0; i--) {
      Instant from = known.get(i).effectiveFrom();
      if (from != null) {
        return from;
      }
    }
    return null;
  }

  /**
   * This ledger and one record more.
   *
   * @throws RegistryException if there is a {@link #refusal}
   */
  public Ledger with(Cutover next) {
    refusal(next)
        .ifPresent(
            r -> {
              throw new RegistryException(r.message());
            });
    Map<Scope, List<Cutover>> more = new HashMap<>(byScope);
    List<Cutover> longer = new ArrayList<>(of(next.scope()));
    longer.add(next);
    more.put(next.scope(), List.copyOf(longer));
    return new Ledger(more);
  }

  /** All scopes that have records. */
  public Set<Scope> scopes() {
    return Set.copyOf(byScope.keySet());
  }

  /** The records of a scope by number. */
  public List<Cutover> of(Scope scope) {
    return byScope.getOrDefault(scope, List.of());
  }

  /** The number that the next record of a scope gets. */
  public long nextNumber(Scope scope) {
    List<Cutover> known = of(scope);
    return known.isEmpty() ? 1 : known.get(known.size() - 1).number() + 1;
  }

  /**
   * The record that decides for a window.
   *
   * @param start capture time of the window's first sample
   * @param usable records that are passed over are as if they had never been written
   * @return empty if none does: the adapter of the configuration scores
   */
  public Optional<Cutover> inForce(StreamId stream, Instant start, Predicate<Cutover> usable) {
    Optional<Cutover> found = inForce(Scope.of(stream), start, usable);
    if (found.isEmpty()) {
      found = Scope.tenantOf(stream).flatMap(tenant -> inForce(tenant, start, usable));
    }
    return found.isPresent() ? found : inForce(Scope.ALL, start, usable);
  }

  /**
   * Whether a decision of a scope would take effect on one of its streams: nothing more specific
   * has the word there.
   */
  public boolean leavesTo(Scope scope, StreamId stream, Instant at) {
    return scope.covers(stream)
        && inForce(stream, at, c -> true)
            .filter(c -> c.scope().kind().compareTo(scope.kind()) > 0)
            .isEmpty();
  }

  /** The record of this scope alone that is in force at a time and is no release. */
  public Optional<Cutover> inForce(Scope scope, Instant at, Predicate<Cutover> usable) {
    List<Cutover> known = of(scope);
    for (int i = known.size() - 1; i >= 0; i--) {
      Cutover c = known.get(i);
      Instant from = c.effectiveFrom();
      if (from != null && !from.isAfter(at) && usable.test(c)) {
        return c.adapter() == null ? Optional.empty() : Optional.of(c);
      }
    }
    return Optional.empty();
  }

  /**
   * Records whose adapters may be needed for windows that start at {@code since} or later: per
   * scope the one in force then, all later ones, and announcements after it.
   *
   * @param usable as in {@link #inForce}
   */
  public List<Cutover> neededSince(Instant since, Predicate<Cutover> usable) {
    List<Cutover> needed = new ArrayList<>();
    for (List<Cutover> known : byScope.values()) {
      int from = 0;
      for (int i = 0; i < known.size(); i++) {
        Instant effective = known.get(i).effectiveFrom();
        if (effective != null && !effective.isAfter(since) && usable.test(known.get(i))) {
          from = i;
        }
      }
      known.subList(from, known.size()).stream()
          .filter(c -> c.adapter() != null)
          .forEach(needed::add);
    }
    return needed;
  }

  /** Digests of {@link #neededSince}. */
  public Set<String> digestsNeededSince(Instant since, Predicate<Cutover> usable) {
    Set<String> digests = new LinkedHashSet<>();
    for (Cutover c : neededSince(since, usable)) {
      if (c.adapter() != null) {
        digests.add(c.adapter());
      }
    }
    return digests;
  }
}
