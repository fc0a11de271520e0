package dev.lookaside.classifier.infer;

import java.time.Duration;

/** Events of {@link GpuClassifier} for whoever makes its {@link AdapterPlan}s. */
public sealed interface AdapterEvent {
  /** Windows wait for the adapter of this ledger record; sent once per plan. */
  record Wanted(String decision) implements AdapterEvent {}

  /** The first windows of a ledger record were scored; sent once. */
  record Applied(String decision) implements AdapterEvent {}

  /**
   * How windows wait for their adapters: sent about once a second while any does, and once when
   * none does any more.
   *
   * @param windows that wait now
   * @param overdue of them that have waited for longer than {@link BatchSettings#holdBound}
   * @param newlyOverdue that have come to do so since this was last sent
   * @param oldest how long the one that came first has waited
   * @param decision what that one waits for, as in {@link AdapterPlan.Wait}
   */
  record Holds(int windows, int overdue, int newlyOverdue, Duration oldest, String decision)
      implements AdapterEvent {
    /** No window waits. */
    public static final Holds NONE = new Holds(0, 0, 0, Duration.ZERO, "");
  }
}
