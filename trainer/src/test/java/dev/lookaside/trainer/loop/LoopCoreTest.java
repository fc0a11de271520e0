package dev.lookaside.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.loop.LoopAction.Finish;
import dev.lookaside.trainer.loop.LoopAction.Work;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LoopCoreTest {
  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);

  private Instant now = START;
  private LoopCore core = new LoopCore(settings(false, 0, 0));

  static LoopSettings settings(boolean headFirst, double shadowShare, double canaryShare) {
    return settings(headFirst, shadowShare, canaryShare, 0);
  }

  private static LoopSettings settings(
      boolean headFirst, double shadowShare, double canaryShare, double wrongPerHourMax) {
    return new LoopSettings(
        3,
        Duration.ofSeconds(1),
        Duration.ofMinutes(60),
        headFirst,
        shadowShare,
        Duration.ofSeconds(10),
        .5,
        canaryShare,
        Duration.ofSeconds(60),
        4,
        .5,
        wrongPerHourMax,
        2,
        Duration.ofMillis(100));
  }

  static GateReport report(boolean passed) {
    return GateReport.of(passed, A, B, passed ? List.of() : List.of("class water: worse"));
  }

  private static GateReport undecided(int more) {
    return new GateReport(
        false,
        true,
        A,
        B,
        "not enough labels yet",
        Change.NONE,
        Change.NONE,
        new TreeMap<>(),
        List.of(),
        List.of("not enough labels yet"),
        List.of(),
        List.of(),
        new TreeMap<>(Map.of("siren", more)),
        null);
  }

  /** What is judged is of {@link #B}. */
  static LoopEvent.Labels labels(int fresh, long change, int judged, int wrong) {
    return labels(fresh, change, Map.of(B, new LoopEvent.Counted(judged, wrong, wrong)));
  }

  private static LoopEvent.Labels labels(
      int fresh, long change, Map<String, LoopEvent.Counted> counted) {
    return new LoopEvent.Labels(fresh, change, counted);
  }

  private List<LoopAction> tell(LoopEvent event) {
    return core.on(event, now);
  }

  private List<Work> work(LoopEvent event) {
    return tell(event).stream().filter(Work.class::isInstance).map(Work.class::cast).toList();
  }

  private List<RoundOutcome> outcomes(LoopEvent event) {
    List<RoundOutcome> found = new ArrayList<>();
    for (LoopAction action : tell(event)) {
      if (action instanceof Finish finish) {
        found.add(finish.outcome());
      }
    }
    return found;
  }

  private void pass(double seconds) {
    now = now.plusMillis((long) (seconds * 1000));
  }

  private void lead(LoopSettings settings) {
    core = new LoopCore(settings);
    assertThat(work(new LoopEvent.Led(LoopState.FIRST))).isEmpty();
  }

  /** Up to a candidate that is to be judged. */
  private Round fitted(int fresh) {
    tell(labels(fresh, 7, 0, 0));
    pass(2);
    Work work = work(LoopEvent.Tick.INSTANCE).get(0);
    Round round = ((LoopAction.Fit) work).round();
    assertThat(work(new LoopEvent.Fitted(round.number(), B)))
        .containsExactly(new LoopAction.Judge(round, B));
    return round;
  }

  /** The same labels would be judged in the same way, again and again. */
  @Test
  void aRoundThatWantsMoreLabelsWaitsForAsManyAndNoFullRefitFollows() {
    lead(settings(true, 0, 0));
    Round head = fitted(3);
    assertThat(head.fullFollows()).isTrue();
    List<LoopAction> actions = tell(new LoopEvent.Judged(head.number(), undecided(2)));
    RoundOutcome outcome = ((Finish) actions.get(0)).outcome();
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.UNDECIDED);
    assertThat(actions).noneMatch(Work.class::isInstance);
    assertThat(core.state().seenChange()).as("seen up to when the round began").isEqualTo(7);
    pass(60);
    assertThat(work(labels(1, 8, 0, 0))).isEmpty();
    pass(2);
    assertThat(work(LoopEvent.Tick.INSTANCE)).as("one of two").isEmpty();
    tell(labels(2, 9, 0, 0));
    pass(2);
    assertThat(work(LoopEvent.Tick.INSTANCE))
        .hasSize(1)
        .hasOnlyElementsOfType(LoopAction.Fit.class);
    assertThat(core.state().wanted()).isZero();
  }

  @Test
  void labelsThatCameToRestBeginARefit() {
    lead(settings(false, 0, 0));
    assertThat(work(labels(2, 5, 0, 0))).isEmpty();
    pass(10);
    assertThat(work(LoopEvent.Tick.INSTANCE)).isEmpty();
    assertThat(work(labels(3, 6, 0, 0))).isEmpty();
    pass(.9);
    assertThat(work(labels(4, 7, 0, 0))).isEmpty();
    pass(.9);
    assertThat(work(LoopEvent.Tick.INSTANCE)).isEmpty();
    pass(.1);
    Round round = new Round(1, Round.Kind.FULL, "4 new labels", null, false, 4, now.toEpochMilli());
    assertThat(work(LoopEvent.Tick.INSTANCE)).containsExactly(new LoopAction.Fit(round));
    assertThat(core.state().seenChange()).isEqualTo(7);
    pass(10);
    assertThat(work(labels(9, 16, 0, 0))).isEmpty();
  }

  @Test
  void oneLabelIsEnoughWhenTheLastRefitIsLongAgo() {
    lead(settings(false, 0, 0));
    tell(labels(1, 1, 0, 0));
    pass(3599);
    assertThat(work(LoopEvent.Tick.INSTANCE)).isEmpty();
    pass(1);
    assertThat(work(LoopEvent.Tick.INSTANCE)).hasSize(1);
  }

  /** From the sounds of the last fit another fit would only make the last adapter again. */
  @Test
  void driftWaitsForALabelAndThenOneIsEnough() {
    lead(settings(false, 0, 0));
    assertThat(work(labels(0, 7, 0, 0))).isEmpty();
    assertThat(tell(new LoopEvent.Drifted("dock: 4.1"))).isEmpty();
    pass(100_000);
    assertThat(tell(LoopEvent.Tick.INSTANCE)).isEmpty();
    assertThat(work(labels(1, 8, 0, 0))).as("people correct in bursts").isEmpty();
    pass(1);
    List<Work> begun = work(LoopEvent.Tick.INSTANCE);
    assertThat(((LoopAction.Fit) begun.get(0)).round().trigger()).isEqualTo("drift: dock: 4.1");
    long round = ((LoopAction.Fit) begun.get(0)).round().number();
    tell(new LoopEvent.Fitted(round, B));
    tell(new LoopEvent.Judged(round, report(false)));
    pass(10);
    assertThat(work(LoopEvent.Tick.INSTANCE)).as("once, whatever came of it").isEmpty();
  }

  @Test
  void driftThatIsOverBeginsNothing() {
    lead(settings(false, 0, 0));
    tell(labels(0, 7, 0, 0));
    tell(new LoopEvent.Drifted("dock: 4.1"));
    tell(LoopEvent.DriftOver.INSTANCE);
    tell(labels(1, 8, 0, 0));
    pass(10);
    assertThat(work(LoopEvent.Tick.INSTANCE)).isEmpty();
  }

  @Test
  void requestsNeedNoLabels() {
    lead(settings(true, 0, 0));
    tell(labels(0, 7, 0, 0));
    List<Work> begun = work(new LoopEvent.Requested(new RefitRequest("r1", true, "ann")));
    Round round = ((LoopAction.Fit) begun.get(0)).round();
    assertThat(round.kind()).isEqualTo(Round.Kind.HEAD);
    assertThat(round.fullFollows()).isFalse();
    assertThat(round.request()).isEqualTo("r1");
  }

  @Test
  void aRequestThatIsReadTwiceIsBegunOnce() {
    lead(settings(false, 0, 0));
    tell(labels(0, 7, 0, 0));
    RefitRequest request = new RefitRequest("r1", false, "ann");
    assertThat(work(new LoopEvent.Requested(request))).hasSize(1);
    tell(new LoopEvent.Requested(request));
    tell(new LoopEvent.Requested(new RefitRequest("r2", false, "ben")));
    tell(new LoopEvent.Requested(new RefitRequest("r2", false, "ben")));
    assertThat(core.state().waiting()).extracting(RefitRequest::id).containsExactly("r2");
  }

  @Test
  void aRequestThatIsReadAgainWhenItsRoundHasEndedIsNotBegunAgain() {
    lead(settings(false, 0, 0));
    tell(labels(0, 7, 0, 0));
    RefitRequest request = new RefitRequest("r1", true, "ann");
    Round round = ((LoopAction.Fit) work(new LoopEvent.Requested(request)).get(0)).round();
    tell(new LoopEvent.Fitted(round.number(), B));
    tell(new LoopEvent.Judged(round.number(), report(true)));
    assertThat(outcomes(new LoopEvent.Promoted(round.number(), "*@1", A))).hasSize(1);
    assertThat(work(new LoopEvent.Requested(request))).as("read before the outcome").isEmpty();
    assertThat(core.state().waiting()).isEmpty();
    assertThat(work(new LoopEvent.Requested(new RefitRequest("r2", true, "ann")))).hasSize(1);
  }

  @Test
  void whatTheGateRefusesNeverReachesTheLedger() {
    lead(settings(false, 1, 1));
    Round round = fitted(3);
    List<LoopAction> actions = tell(new LoopEvent.Judged(round.number(), report(false)));
    assertThat(actions).noneMatch(Work.class::isInstance);
    RoundOutcome outcome = ((Finish) actions.get(0)).outcome();
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.REFUSED);
    assertThat(outcome.reason()).isEqualTo("class water: worse");
    assertThat(core.state().watch()).isNull();
    pass(100);
    assertThat(work(LoopEvent.Tick.INSTANCE)).as("not again on the same labels").isEmpty();
  }

  @Test
  void withoutAShadowRunTheReportSaysSo() {
    lead(settings(false, 0, 0));
    Round round = fitted(3);
    Work work = work(new LoopEvent.Judged(round.number(), report(true))).get(0);
    assertThat(((LoopAction.Promote) work).report().notes())
        .containsExactly("not tried in shadow: shadow.share is 0");
  }

  @Test
  void aShadowThatDisagreesTooMuchIsRefused() {
    lead(settings(false, .5, 0));
    Round round = fitted(3);
    assertThat(work(new LoopEvent.Judged(round.number(), report(true))))
        .containsExactly(new LoopAction.Shadow(round, B, report(true)));
    assertThat(outcomes(new LoopEvent.Shadowed(round.number(), report(true), .49)).get(0).reason())
        .startsWith("agrees with the incumbent to 0.49");
  }

  @Test
  void aShadowThatComparedNothingProvesNothing() {
    lead(settings(false, .5, 0));
    Round round = fitted(3);
    tell(new LoopEvent.Judged(round.number(), report(true)));
    RoundOutcome outcome =
        outcomes(new LoopEvent.Shadowed(round.number(), report(true), null)).get(0);
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.REFUSED);
    assertThat(outcome.reason())
        .isEqualTo(
            "nothing was compared with the incumbent on live audio, its agreement must be at least"
                + " 0.50");
  }

  @Test
  void theHeadComesFirstAndTheWholeAdapterFollowsWhateverBecameOfIt() {
    lead(settings(true, 0, 0));
    Round head = fitted(3);
    assertThat(head.kind()).isEqualTo(Round.Kind.HEAD);
    Work next = work(new LoopEvent.Judged(head.number(), report(false))).get(0);
    Round full = ((LoopAction.Fit) next).round();
    assertThat(full.kind()).isEqualTo(Round.Kind.FULL);
    assertThat(full.number()).isEqualTo(2);
    assertThat(full.fullFollows()).isFalse();
    assertThat(full.freshLabels()).isEqualTo(3);
  }

  /** A head-only refit that is in force, and the full refit that follows it, ready to be judged. */
  private Round fullAfterPublishedHead() {
    lead(settings(true, 0, 0));
    Round head = fitted(3);
    tell(new LoopEvent.Judged(head.number(), report(true)));
    Work next = work(new LoopEvent.Promoted(head.number(), "*@1", A)).get(0);
    Round full = ((LoopAction.Fit) next).round();
    assertThat(full.kind()).isEqualTo(Round.Kind.FULL);
    assertThat(core.state().watch()).isNotNull();
    assertThat(core.state().watch().adapter()).isEqualTo(B);
    tell(new LoopEvent.Fitted(full.number(), A));
    return full;
  }

  @Test
  void aRefusedFullRefitLeavesTheHeadInForce() {
    Round full = fullAfterPublishedHead();
    List<LoopAction> actions = tell(new LoopEvent.Judged(full.number(), report(false)));
    assertThat(actions).as("nothing is published or rolled back").noneMatch(Work.class::isInstance);
    RoundOutcome outcome = ((Finish) actions.get(0)).outcome();
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.REFUSED);
    assertThat(outcome.reason()).isEqualTo("class water: worse").doesNotContain("\n");
    assertThat(core.state().watch()).isNotNull();
    assertThat(core.state().watch().adapter()).as("still watched").isEqualTo(B);
  }

  @Test
  void aFullRefitThatPassesTakesThePlaceOfTheHead() {
    Round full = fullAfterPublishedHead();
    Work publish = work(new LoopEvent.Judged(full.number(), report(true))).get(0);
    assertThat(publish).isInstanceOf(LoopAction.Promote.class);
    tell(new LoopEvent.Promoted(full.number(), "*@2", B));
    assertThat(core.state().watch()).isNotNull();
    assertThat(core.state().watch().adapter()).isEqualTo(A);
  }

  @Test
  void canaryStreamsHearFirstAndAreReleasedWithThePromotion() {
    lead(settings(false, 0, .5));
    Round round = fitted(3);
    Work canary = work(new LoopEvent.Judged(round.number(), report(true))).get(0);
    assertThat(canary).isInstanceOf(LoopAction.Canary.class);
    assertThat(work(new LoopEvent.CanaryUp(round.number(), true))).isEmpty();
    assertThat(core.watched()).containsExactly(B);
    pass(59);
    assertThat(work(LoopEvent.Tick.INSTANCE)).isEmpty();
    pass(1);
    assertThat(work(LoopEvent.Tick.INSTANCE).get(0)).isInstanceOf(LoopAction.Promote.class);
    assertThat(work(LoopEvent.Tick.INSTANCE)).as("under way").isEmpty();
    RoundOutcome outcome = outcomes(new LoopEvent.Promoted(round.number(), "*@1", A)).get(0);
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.PUBLISHED);
    assertThat(core.state().watch()).isEqualTo(new Watch(round, B, A, now.toEpochMilli()));
  }

  @Test
  void aCanaryThatPeopleFindWrongIsWithdrawn() {
    lead(settings(false, 0, .5));
    Round round = fitted(3);
    tell(new LoopEvent.Judged(round.number(), report(true)));
    tell(new LoopEvent.CanaryUp(round.number(), true));
    pass(10);
    assertThat(work(labels(3, 9, 3, 3))).as("too few were judged").isEmpty();
    assertThat(work(labels(3, 9, 4, 2))).as("half may be wrong").isEmpty();
    Work work = work(labels(3, 10, 5, 3)).get(0);
    LoopAction.Withdraw withdraw = (LoopAction.Withdraw) work;
    assertThat(withdraw.failed()).isFalse();
    assertThat(work(labels(3, 10, 5, 3))).as("under way").isEmpty();
    RoundOutcome outcome = outcomes(new LoopEvent.Withdrawn(round.number())).get(0);
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.ROLLED_BACK);
    assertThat(outcome.reason()).isEqualTo(withdraw.reason());
    assertThat(core.state().phase()).isInstanceOfAny(Phase.Collecting.class, Phase.Fitting.class);
  }

  @Test
  void whatPeopleFindWrongInForceIsTakenBackOnce() {
    lead(settings(false, 0, 0));
    Round round = fitted(3);
    tell(new LoopEvent.Judged(round.number(), report(true)));
    tell(new LoopEvent.Promoted(round.number(), "*@1", A));
    Work work = work(labels(0, 7, 4, 3)).get(0);
    LoopAction.RollBack back = (LoopAction.RollBack) work;
    assertThat(back.watch().previous()).isEqualTo(A);
    assertThat(back.reason()).startsWith("3 of 4 labelled detections were wrong");
    assertThat(tell(new LoopEvent.RolledBack(round.number() + 1, "*@2"))).as("late").isEmpty();
    List<LoopAction> actions = tell(new LoopEvent.RolledBack(round.number(), "*@2"));
    assertThat(actions.get(0)).as("told before it is saved").isInstanceOf(Finish.class);
    RoundOutcome outcome = ((Finish) actions.get(0)).outcome();
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.ROLLED_BACK);
    assertThat(outcome.round()).isEqualTo(round);
    assertThat(work(labels(0, 7, 4, 3))).isEmpty();
  }

  private Round published(Round round) {
    tell(new LoopEvent.Judged(round.number(), report(true)));
    tell(new LoopEvent.Promoted(round.number(), "*@1", A));
    assertThat(core.state().watch()).extracting(Watch::adapter).isEqualTo(B);
    return round;
  }

  /** Work that comes after a step which was stopped, and how its round ended. */
  private void assertTakenBack(Round head, Round full, List<LoopAction> actions) {
    RoundOutcome ended = ((Finish) actions.get(0)).outcome();
    assertThat(ended.round()).isEqualTo(full);
    assertThat(ended.kind()).isEqualTo(RoundOutcome.Kind.FAILED);
    assertThat(ended.reason())
        .startsWith("the adapter in force is rolled back: 3 of 4 labelled detections were wrong");
    List<LoopAction> work = actions.stream().filter(Work.class::isInstance).toList();
    assertThat(work).hasSize(1);
    assertThat(((LoopAction.RollBack) work.get(0)).watch().round()).isEqualTo(head);
    assertThat(core.state().phase()).isInstanceOf(Phase.RollingBack.class);
  }

  @Test
  void theHeadThatIsWrongIsTakenBackBeforeTheWholeAdapterIsFitted() {
    lead(settings(true, 0, 0));
    Round head = published(fitted(3));
    Round full = core.state().phase().underWay().orElseThrow();
    assertThat(full.kind()).isEqualTo(Round.Kind.FULL);
    assertThat(tell(labels(0, 8, 4, 2))).as("half may be wrong").isEmpty();
    assertThat(tell(labels(0, 8, 4, 3))).containsExactly(new LoopAction.StopRound(full));
    assertThat(tell(labels(0, 9, 5, 4))).as("once").isEmpty();
    assertTakenBack(head, full, tell(new LoopEvent.Failed("fit", "stopped", true)));
    assertThat(outcomes(new LoopEvent.RolledBack(head.number(), "*@2"))).hasSize(1);
  }

  @Test
  void whatIsWrongInForceEndsEachStepOfARoundEvenIfThatWasDoneJustThen() {
    String c = "c".repeat(64);
    for (int step = 0; step < 3; step++) {
      lead(settings(true, .5, 0));
      Round head = fitted(3);
      tell(new LoopEvent.Judged(head.number(), report(true)));
      tell(new LoopEvent.Shadowed(head.number(), report(true), .9));
      tell(new LoopEvent.Promoted(head.number(), "*@1", A));
      Round full = core.state().phase().underWay().orElseThrow();
      List<LoopEvent> results =
          List.of(
              new LoopEvent.Fitted(full.number(), c),
              new LoopEvent.Judged(full.number(), report(true)),
              new LoopEvent.Shadowed(full.number(), report(true), .9));
      results.subList(0, step).forEach(this::tell);
      assertThat(tell(labels(0, 8, 4, 3))).containsExactly(new LoopAction.StopRound(full));
      assertTakenBack(head, full, tell(results.get(step)));
    }
  }

  @Test
  void whileACanaryIsHeardTheAdapterInForceIsStillJudged() {
    lead(settings(true, 0, .5));
    Round head = fitted(3);
    tell(new LoopEvent.Judged(head.number(), report(true)));
    tell(new LoopEvent.CanaryUp(head.number(), false));
    tell(new LoopEvent.Promoted(head.number(), "*@1", A));
    Round full = core.state().phase().underWay().orElseThrow();
    String c = "c".repeat(64);
    tell(new LoopEvent.Fitted(full.number(), c));
    tell(new LoopEvent.Judged(full.number(), report(true)));
    tell(new LoopEvent.CanaryUp(full.number(), true));
    assertThat(core.watched()).containsExactly(c, B);
    LoopAction.Withdraw withdraw = (LoopAction.Withdraw) work(labels(0, 8, 4, 3)).get(0);
    assertThat(withdraw.candidate()).isEqualTo(c);
    assertThat(withdraw.failed()).isTrue();
    assertTakenBack(head, full, tell(new LoopEvent.Withdrawn(full.number())));
  }

  /** Mostly right, and still a nuisance. */
  @Test
  void tooManyWrongWithinAnHourAreTakenBackWhateverTheirShare() {
    lead(settings(false, 0, 0, 6));
    published(fitted(3));
    Map<String, LoopEvent.Counted> most = Map.of(B, new LoopEvent.Counted(100, 9, 6));
    assertThat(work(labels(0, 8, most))).isEmpty();
    Map<String, LoopEvent.Counted> more = Map.of(B, new LoopEvent.Counted(101, 10, 7));
    LoopAction.RollBack back = (LoopAction.RollBack) work(labels(0, 9, more)).get(0);
    assertThat(back.reason())
        .isEqualTo("7 detections of one stream were wrong within an hour (at most 6 are allowed)");
  }

  /** A store that was asked before the promotion answers after it. */
  @Test
  void whatWasCountedOfTheOldAdapterTakesNothingBackFromTheNewOne() {
    lead(settings(false, 0, .5));
    Map<String, LoopEvent.Counted> ofTheOld = Map.of(A, new LoopEvent.Counted(10, 10, 10));
    Round round = fitted(3);
    tell(new LoopEvent.Judged(round.number(), report(true)));
    tell(new LoopEvent.CanaryUp(round.number(), true));
    assertThat(work(labels(0, 7, ofTheOld))).as("of the canary").isEmpty();
    pass(60);
    tell(LoopEvent.Tick.INSTANCE);
    tell(new LoopEvent.Promoted(round.number(), "*@1", A));
    assertThat(core.watched()).containsExactly(B);
    assertThat(work(labels(0, 7, ofTheOld))).isEmpty();
    assertThat(work(labels(0, 8, 10, 10))).as("its own").hasSize(1);
  }

  @Test
  void whatCannotBeTakenBackIsTold() {
    lead(settings(false, 0, 0));
    Round round = published(fitted(3));
    tell(labels(0, 8, 4, 3));
    RoundOutcome outcome = outcomes(new LoopEvent.Failed("rollback", "is gone", true)).get(0);
    assertThat(outcome.round()).isEqualTo(round);
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.FAILED);
    assertThat(outcome.reason()).isEqualTo("rollback: is gone");
    assertThat(core.state().watch()).isNull();
    assertThat(work(labels(0, 8, 4, 3))).as("not again").isEmpty();
  }

  @Test
  void aStepThatFailsIsTriedAgainAndThenTheRoundHasFailed() {
    lead(settings(false, 0, 0));
    Round round = fitted(3);
    List<LoopAction> actions = tell(new LoopEvent.Failed("judge", "no broker", false));
    assertThat(actions)
        .containsExactly(
            new LoopAction.Again(new LoopAction.Judge(round, B), Duration.ofMillis(100)));
    RoundOutcome outcome = outcomes(new LoopEvent.Failed("judge", "no broker", false)).get(0);
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.FAILED);
    assertThat(outcome.reason()).isEqualTo("judge: no broker");
    assertThat(outcome.candidate()).isEqualTo(B);
  }

  @Test
  void publishingGoesOnUntilItIsClearWhatIsInForce() {
    lead(settings(false, 0, 0));
    Round round = fitted(3);
    tell(new LoopEvent.Judged(round.number(), report(true)));
    for (int i = 0; i < 20; i++) {
      assertThat(tell(new LoopEvent.Failed("publish", "no broker", false)))
          .hasSize(1)
          .allMatch(LoopAction.Again.class::isInstance);
    }
    String why = "publish: refused by a worker";
    assertThat(tell(new LoopEvent.Failed("publish", "refused by a worker", true)))
        .containsExactly(new LoopAction.Withdraw(round, B, why, true));
    RoundOutcome outcome = outcomes(new LoopEvent.Withdrawn(round.number())).get(0);
    assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.FAILED);
    assertThat(outcome.reason()).isEqualTo(why);
  }

  @Test
  void whoDoesNotLeadDoesNothing() {
    core = new LoopCore(settings(false, 0, 0));
    assertThat(tell(labels(9, 9, 0, 0))).isEmpty();
    lead(settings(false, 0, 0));
    Round round = fitted(3);
    assertThat(tell(LoopEvent.Lost.INSTANCE)).containsExactly(LoopAction.StopWork.INSTANCE);
    assertThat(tell(new LoopEvent.Judged(round.number(), report(true)))).isEmpty();
    pass(100);
    assertThat(tell(LoopEvent.Tick.INSTANCE)).isEmpty();
  }

  @Test
  void resultsOfAnotherRoundAreLate() {
    lead(settings(false, 0, 0));
    Round round = fitted(3);
    assertThat(tell(new LoopEvent.Judged(round.number() - 1, report(true)))).isEmpty();
    assertThat(tell(new LoopEvent.Promoted(round.number(), "*@1", null))).isEmpty();
  }

  @Test
  void theReferenceSettingsAreSound() {
    LoopSettings settings = LoopSettings.of(ConfigFactory.load());
    assertThat(settings.labels()).isPositive();
    assertThat(settings.wrongPerHourMax()).as("looked at").isPositive();
  }
}
