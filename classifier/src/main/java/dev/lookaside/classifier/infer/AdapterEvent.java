package dev.lookaside.classifier.infer;

/** What {@link GpuClassifier} tells whoever makes its {@link AdapterPlan}s. */
public sealed interface AdapterEvent {
  /** Windows wait for this adapter; told once per plan. */
  record Wanted(String digest) implements AdapterEvent {}

  /** The first windows of a ledger record were scored; told once. */
  record Applied(String decision) implements AdapterEvent {}
}
