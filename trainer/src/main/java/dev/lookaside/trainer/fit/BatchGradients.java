package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.gradient.Gradients;
import java.util.Map;

/** Loss and gradients of a batch of examples. */
@FunctionalInterface
interface BatchGradients {
  /**
   * @param weights every trained tensor; not retained
   */
  Gradients.Step step(Map<String, float[]> weights, Batch batch);

  /** Hands every batch to {@code gradients} as it is. */
  static BatchGradients of(Gradients gradients) {
    return (weights, batch) ->
        gradients.step(weights, batch.windows(), batch.targets(), batch.weights(), batch.size());
  }
}
