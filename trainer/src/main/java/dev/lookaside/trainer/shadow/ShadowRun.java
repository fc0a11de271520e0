package dev.lookaside.trainer.shadow;

import java.util.function.BooleanSupplier;

/** Lets a candidate score live audio beside the incumbent; what it detects is not published. */
public interface ShadowRun {
  /**
   * Follows a share of the scope's streams and compares. Blocks for about the asked duration and
   * the time it takes to score what is left then; an interrupt ends it early with what was scored.
   *
   * @param stopped asked now and then; true gives the run up
   * @return what both detected in the same audio; without streams or events where none came
   * @throws dev.lookaside.trainer.TrainerException if it was given up
   * @throws RuntimeException of the part that fails: a digest not on the topic, an adapter that
   *     does not fit, no broker
   */
  ShadowSummary run(ShadowRequest request, BooleanSupplier stopped);
}
