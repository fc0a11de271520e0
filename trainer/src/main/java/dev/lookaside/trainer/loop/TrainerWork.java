package dev.lookaside.trainer.loop;

import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.fit.FitProgress;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Trainer} works with while it leads, and which threads may call what: {@link
 * #collect} is for one, {@link #perform} and {@link #finish} for one other, {@link #runIdleWork}
 * for a third; the rest for any. All but {@link #stop()} may block.
 */
public interface TrainerWork extends AutoCloseable {
  /**
   * The result of a piece of background work.
   *
   * @param report how the streams sound, at the end of a turn; else null
   */
  record Turn(List<LoopEvent> events, @Nullable DriftReport report) {
    public static final Turn NOTHING = new Turn(List.of(), null);

    public Turn {
      events = List.copyOf(events);
    }
  }

  /** The saved state of the loop. */
  LoopState load();

  void save(LoopState state);

  /**
   * Reads labels and requests and returns what is new.
   *
   * @param watched digests and, of the state, what full fits have seen
   */
  List<LoopEvent> collect(Set<String> watched, long seenChange);

  /**
   * Does a piece of work.
   *
   * @return its result
   * @throws RuntimeException if it does not succeed; a {@link
   *     dev.lookaside.trainer.TrainerException} would come again
   */
  LoopEvent perform(LoopAction.Work work, FitProgress progress);

  /** Publishes how a round ended, and removes its files. */
  void finish(RoundOutcome outcome);

  /** Whether {@link #runIdleWork} has something to do. */
  boolean hasIdleWork();

  /**
   * A bounded piece of scoring what the next round will score, of comparing streams with what their
   * adapters were fitted on, or of taking background of them.
   */
  Turn runIdleWork();

  /**
   * Ends the work of every round, a fit with a checkpoint, a promotion before it has written its
   * decision, and lets none begin.
   */
  void stop();

  /** Ends the work of one round, and lets no more of it begin. */
  void stop(Round round);

  @Override
  void close();
}
