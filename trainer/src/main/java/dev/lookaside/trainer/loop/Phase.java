package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where the loop is, with what it needs to go on from there after it was killed. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "phase")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Phase.Collecting.class, name = "collecting"),
  @JsonSubTypes.Type(value = Phase.Fitting.class, name = "fitting"),
  @JsonSubTypes.Type(value = Phase.Judging.class, name = "judging"),
  @JsonSubTypes.Type(value = Phase.Shadowing.class, name = "shadowing"),
  @JsonSubTypes.Type(value = Phase.Publishing.class, name = "publishing"),
  @JsonSubTypes.Type(value = Phase.RollingBack.class, name = "rolling-back")
})
public sealed interface Phase {
  /** Its word in statuses and metrics. */
  @JsonIgnore
  default String word() {
    return this instanceof RollingBack
        ? "rolling-back"
        : getClass().getSimpleName().toLowerCase(Locale.ROOT);
  }

  /** The round that is under way. */
  @JsonIgnore
  default Optional<Round> underWay() {
    return this instanceof InRound p ? Optional.of(p.round()) : Optional.empty();
  }

  /** One in which a round is under way. */
  sealed interface InRound extends Phase {
    Round round();
  }

  /** Waits for labels. */
  record Collecting() implements Phase {}

  /** Fits; goes on from its checkpoint. */
  record Fitting(Round round) implements InRound {}

  /** Compares the candidate with the incumbent on held-out sounds. */
  record Judging(Round round, String candidate) implements InRound {}

  /** Lets the candidate score live audio beside the incumbent. */
  record Shadowing(Round round, String candidate, GateReport report) implements InRound {}

  /**
   * Brings the candidate into force.
   *
   * @param canary null until single streams score with it
   */
  record Publishing(Round round, String candidate, GateReport report, @Nullable Canary canary)
      implements InRound {}

  /** Brings the previous adapter back. */
  record RollingBack(Watch watch, String reason) implements Phase {}

  /**
   * Streams that the candidate scores before the others.
   *
   * @param untilMillis when the others follow, since 1970
   */
  record Canary(long untilMillis) {}
}
