package dev.lookaside.trainer.loop;

import dev.lookaside.trainer.gate.GateReport;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Input of {@link LoopCore}. */
public sealed interface LoopEvent {
  /** What work has come to. */
  sealed interface Result extends LoopEvent {
    /** Number of the work's round; the result of another one is late. */
    long round();
  }

  /** This trainer leads its scope from here on, and this is the last leader's state. */
  record Led(LoopState saved) implements LoopEvent {}

  /** Another trainer leads. */
  enum Lost implements LoopEvent {
    INSTANCE
  }

  /** Time passes. */
  enum Tick implements LoopEvent {
    INSTANCE
  }

  /**
   * What the store holds.
   *
   * @param fresh usable labels that no full fit has seen
   * @param change of the store up to which a fit begun now sees all
   * @param counted what people have judged, by adapter digest: those that were watched when the
   *     store was asked, which need not be those that are watched when this arrives
   */
  record Labels(int fresh, long change, Map<String, Counted> counted) implements LoopEvent {
    public Labels {
      counted = Map.copyOf(counted);
    }

    /** Of one adapter; zeros if it was not asked for. */
    Counted of(String digest) {
      return counted.getOrDefault(digest, Counted.NONE);
    }
  }

  /**
   * Detections of one adapter that people have judged.
   *
   * @param wrong of these
   * @param wrongInHour of one stream within an hour, at most
   */
  record Counted(int judged, int wrong, int wrongInHour) {
    static final Counted NONE = new Counted(0, 0, 0);
  }

  /** Somebody asks. */
  record Requested(RefitRequest request) implements LoopEvent {}

  /**
   * A stream does not sound as it did when the incumbent was fitted. That does not show what sounds
   * there instead: it begins a refit as soon as there is a single label to learn from.
   */
  record Drifted(String detail) implements LoopEvent {}

  /** All streams sound as they did. */
  enum DriftOver implements LoopEvent {
    INSTANCE
  }

  /** A candidate lies in the round's folder. */
  record Fitted(long round, String candidate) implements Result {}

  /** It is on the adapters' topic, and judged. */
  record Judged(long round, GateReport report) implements Result {}

  /**
   * It has scored live audio beside the incumbent.
   *
   * @param report with what the shadow run found among its notes
   * @param agreement 0 to 1; null if nothing was compared
   */
  record Shadowed(long round, GateReport report, @Nullable Double agreement) implements Result {}

  /**
   * Records of single streams are in force, or were found to be so.
   *
   * @param any whether there is such a stream
   */
  record CanaryUp(long round, boolean any) implements Result {}

  /**
   * The scope's record is in force.
   *
   * @param previous digest in force there before
   */
  record Promoted(long round, String cutover, @Nullable String previous) implements Result {}

  /** The candidate will not be in force, and scores no stream. */
  record Withdrawn(long round) implements Result {}

  /**
   * The adapter that came before the round's is in force again.
   *
   * @param cutover null if the round's adapter was not in force any more
   */
  record RolledBack(long round, @Nullable String cutover) implements Result {}

  /**
   * A step did not succeed.
   *
   * @param lasting whether it would fail again
   */
  record Failed(String step, String reason, boolean lasting) implements LoopEvent {}
}
