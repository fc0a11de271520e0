package dev.lookaside.trainer.loop;

import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import java.time.Duration;

/**
 * What {@link LoopCore} wants done, in this order. Every one may be done twice: after a kill the
 * last ones come again.
 */
public sealed interface LoopAction {
  /** Work that takes long; one at a time. */
  sealed interface Work extends LoopAction {
    /** The round that it is for; a rollback's has ended. */
    Round round();
  }

  /** Remember this before anything that follows. */
  record Save(LoopState state) implements LoopAction {}

  /** Fit, or go on from the round's checkpoint. */
  record Fit(Round round) implements Work {}

  /** Judge the candidate and put it on the adapters' topic. */
  record Judge(Round round, String candidate) implements Work {}

  /** Let it score live audio beside the incumbent. */
  record Shadow(Round round, String candidate, GateReport report) implements Work {}

  /** Bring it into force for a share of the streams. */
  record Canary(Round round, String candidate, GateReport report) implements Work {}

  /** Bring it into force for the scope, and release the streams that it scores already. */
  record Promote(Round round, String candidate, GateReport report) implements Work {}

  /**
   * Release the streams that a candidate scores which will not be promoted.
   *
   * @param failed whether that is because it could not be promoted
   */
  record Withdraw(Round round, String candidate, String reason, boolean failed) implements Work {}

  /** Bring the previous adapter back. */
  record RollBack(Watch watch, String reason) implements Work {
    @Override
    public Round round() {
      return watch.round();
    }
  }

  /** Stop whatever work is under way, with a checkpoint. */
  enum StopWork implements LoopAction {
    INSTANCE
  }

  /** End the work of this round that is under way, or let it not begin: it fails then. */
  record StopRound(Round round) implements LoopAction {}

  /** Publish how a round ended, and clear its folder. */
  record Finish(RoundOutcome outcome) implements LoopAction {}

  /** Do the last work again after a pause. */
  record Again(Work work, Duration pause) implements LoopAction {}
}
