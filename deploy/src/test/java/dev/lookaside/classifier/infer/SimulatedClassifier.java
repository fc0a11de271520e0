package dev.lookaside.classifier.infer;

import akka.actor.typed.Behavior;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Lets a simulation in another package run a classifier by its own clock. */
public final class SimulatedClassifier {
  private SimulatedClassifier() {}

  /** The real classifier. */
  public static Behavior<GpuClassifier.Command> create(
      Supplier<? extends AdapterScorer> open,
      BatchSettings settings,
      Consumer<AdapterEvent> adapterEvents,
      LongSupplier nanoTime) {
    return GpuClassifier.create(open, settings, AdapterPlan.UNKNOWN, adapterEvents, nanoTime);
  }

  /** What a scorer is asked, with asker and ticket. */
  public static GpuClassifier.Score asked(AdapterScorer.Input input) {
    return ((ScoreQueue.Item) input).score();
  }
}
