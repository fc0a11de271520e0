package dev.lookaside.trainer.receipt;

import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Ledger;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.receipt.Receipt.Decision;
import dev.lookaside.trainer.receipt.Receipt.State;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds labels in the ledger: the gate's reports in it name the labels an adapter comes from. Each
 * report is read once, and asked often; pure.
 */
public final class Receipts {
  private final Ledger ledger;
  private final Map<String, List<Decision>> byLabel = new HashMap<>();

  /** Decisions whose reports do not name all labels. */
  private final List<Cutover> incomplete = new ArrayList<>();

  /** The incumbent that an adapter was fitted from, by digest. */
  private final Map<String, String> parents = new HashMap<>();

  /** By record: its report, empty if there is none. */
  private final Map<Cutover, Optional<GateReport>> reports = new IdentityHashMap<>();

  /** Reads the reports of all that was decided; records without one are passed over. */
  public Receipts(Ledger ledger) {
    this(ledger, Map.of());
  }

  /** The same of a newer ledger: reports that were read for this one are not read again. */
  public Receipts of(Ledger newer) {
    return newer.equals(ledger) ? this : new Receipts(newer, reports);
  }

  private Receipts(Ledger ledger, Map<Cutover, Optional<GateReport>> known) {
    reports.putAll(known);
    this.ledger = ledger;
    for (Scope scope : ledger.scopes()) {
      ledger.of(scope).forEach(this::read);
    }
    Comparator<Decision> inTime =
        Comparator.comparing(Decision::since).thenComparing(Decision::cutover);
    byLabel.values().forEach(list -> list.sort(inTime));
    incomplete.sort(Comparator.comparing(c -> Objects.requireNonNull(c.effectiveFrom())));
  }

  private void read(Cutover cutover) {
    Instant since = cutover.effectiveFrom();
    String adapter = cutover.adapter();
    GateReport report =
        reports.computeIfAbsent(cutover, c -> Optional.ofNullable(report(c))).orElse(null);
    if (since == null || adapter == null || report == null) {
      return;
    }
    parents.putIfAbsent(adapter, report.incumbent());
    Map<String, CorrectionChange> changes = new HashMap<>();
    report.corrections().forEach(c -> changes.put(Learned.key(c.example()), c));
    Map<String, Boolean> fitted = new HashMap<>();
    changes.forEach((key, c) -> fitted.put(key, !c.heldOut()));
    Learned learned = report.learned();
    if (learned != null) {
      if (learned.leftOut() > 0) {
        incomplete.add(cutover);
      }
      learned.heldOut().forEach(key -> fitted.put(key, false));
      learned.fitted().forEach(key -> fitted.put(key, true));
    }
    fitted.forEach(
        (key, is) ->
            byLabel
                .computeIfAbsent(key, k -> new ArrayList<>())
                .add(
                    new Decision(
                        cutover.id(),
                        cutover.scope(),
                        adapter,
                        since,
                        is,
                        report.incumbent(),
                        changes.get(key))));
  }

  /** Null without a report, and for one of another shape, such as a rollback's. */
  private static @Nullable GateReport report(Cutover cutover) {
    if (cutover.gate() == null
        || !cutover.gate().hasNonNull("candidate")
        || !cutover.gate().hasNonNull("corrections")) {
      return null;
    }
    try {
      return GateReport.fromJson(cutover.gate());
    } catch (TrainerException e) {
      return null;
    }
  }

  /**
   * What has become of a label.
   *
   * @param standing among the other labels
   * @param now capture time
   */
  public Receipt of(Label label, LabelStanding stands, Instant now) {
    List<Decision> all = byLabel.getOrDefault(Learned.key(label.id()), List.of());
    List<Decision> covering = all.stream().filter(d -> d.scope().covers(label.stream())).toList();
    Optional<String> inForce = ledger.inForce(label.stream(), now, c -> true).map(Cutover::adapter);
    Optional<Cutover> perhaps = all.isEmpty() ? perhaps(label) : Optional.empty();
    return new Receipt(
        label,
        stands,
        perhaps.isPresent() ? State.UNNAMED : state(all, covering, inForce, now),
        covering.isEmpty() ? all : covering,
        inForce,
        perhaps);
  }

  /**
   * Whether a report has what is detected at a label with the adapter that scores its stream, will
   * score it, or was the one that this one was fitted from. A report that was rolled back does not
   * count.
   */
  public boolean reported(String labelId, StreamId stream) {
    List<Decision> reporting =
        byLabel.getOrDefault(Learned.key(labelId), List.of()).stream()
            .filter(d -> d.change() != null && d.scope().covers(stream))
            .toList();
    return ledger
        .inForce(stream, Instant.MAX, c -> true)
        .map(Cutover::adapter)
        .filter(digest -> holds(digest, reporting))
        .isPresent();
  }

  /** The first decision that may come from a label which no report names. */
  private Optional<Cutover> perhaps(Label label) {
    return incomplete.stream()
        .filter(c -> c.scope().covers(label.stream()) && c.written().isAfter(label.time()))
        .findFirst();
  }

  private State state(
      List<Decision> all, List<Decision> covering, Optional<String> inForce, Instant now) {
    if (covering.isEmpty()) {
      return all.isEmpty() ? State.NOT_YET : State.ELSEWHERE;
    }
    if (covering.get(0).since().isAfter(now)) {
      return State.DECIDED;
    }
    return inForce.filter(digest -> holds(digest, covering)).isPresent()
        ? State.IN_FORCE
        : State.TAKEN_BACK;
  }

  /** Whether an adapter is one of these, or was fitted from one of them. */
  private boolean holds(String digest, List<Decision> decisions) {
    Set<String> seen = new HashSet<>();
    String adapter = digest;
    while (adapter != null && seen.add(adapter)) {
      for (Decision d : decisions) {
        if (d.adapter().equals(adapter)) {
          return true;
        }
      }
      adapter = parents.get(adapter);
    }
    return false;
  }
}
