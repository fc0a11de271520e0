package dev.lookaside.deploy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.TrainerStatus;
import dev.lookaside.trainer.metric.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DemoStoryTest {
  private static final Instant EPOCH = Instant.parse("2026-03-01T12:00:00Z");
  private static final String FIRST = "a".repeat(64);
  private static final String HEAD = "b".repeat(64);
  private static final String FULL = "c".repeat(64);

  private static Instant at(double seconds) {
    return EPOCH.plusNanos((long) (seconds * 1e9));
  }

  private static Round round(long number, Round.Kind kind) {
    return new Round(number, kind, "8 new labels", null, number == 1, 8, 0);
  }

  private static TrainerStatus status(String phase, @Nullable Round round, int fresh) {
    return new TrainerStatus(Scope.ALL, true, phase, EPOCH, round, fresh, 3, 12, null, null, null);
  }

  private static RoundOutcome outcome(Round round, RoundOutcome.Kind kind, String candidate) {
    boolean passed = kind == RoundOutcome.Kind.PUBLISHED;
    boolean undecided = kind == RoundOutcome.Kind.UNDECIDED;
    GateReport report =
        new GateReport(
            passed,
            undecided,
            FIRST,
            candidate,
            passed ? "bird: new, 0.81" : undecided ? "3 more of bird would decide" : "false alarms",
            new Change(.5, .52),
            Change.NONE,
            new TreeMap<>(),
            List.of(new CorrectionChange("x", "bird", false, true, false, null, null)),
            passed ? List.of() : List.of("false alarms"),
            List.of(),
            List.of(),
            new TreeMap<>(),
            null);
    return new RoundOutcome(
        round,
        kind,
        candidate,
        report,
        passed ? "*@1" : null,
        passed ? "passed" : "false alarms",
        5);
  }

  private static List<Event> sounds(int count) {
    return Collections.nCopies(count, new Event("street", "bird", 4.2, 5));
  }

  @Test
  void oneCorrectionSaysWhichSoundWasMeant() {
    DemoStory story = new DemoStory("bird", false, Round.Kind.FULL);
    story.begin(EPOCH);
    story.corrected(sounds(1), at(6.5));
    assertThat(story.drain())
        .containsExactly(" 0:06.5  -- correction  street at 0:04.2 was a bird");
  }

  @Test
  void bothWaysAreTimedFromTheLabelsToTheFirstScores() {
    DemoStory story = new DemoStory("bird", false, Round.Kind.FULL);
    story.begin(EPOCH);
    story.status(status("collecting", null, 0), at(1));
    assertThat(story.scored(FIRST, at(1), at(2))).isFalse();
    story.corrected(sounds(8), at(13));
    Round head = round(1, Round.Kind.HEAD);
    story.status(status("fitting", head, 8), at(14));
    assertThat(story.rows()).anyMatch(row -> row.contains("step 3 of 12"));
    story.finished(outcome(head, RoundOutcome.Kind.PUBLISHED, HEAD), at(18));
    Round full = round(2, Round.Kind.FULL);
    story.status(status("fitting", full, 0), at(18));
    assertThat(story.labelToLiveSeconds(Round.Kind.HEAD)).as("decided, not yet in force").isEmpty();
    assertThat(story.scored(HEAD, at(18.5), at(19))).isTrue();
    assertThat(story.scored(HEAD, at(18.6), at(19))).isFalse();
    assertThat(story.labelToLiveSeconds(Round.Kind.HEAD)).contains(6.0);
    story.finished(outcome(full, RoundOutcome.Kind.PUBLISHED, FULL), at(40));
    assertThat(story.over()).isFalse();
    assertThat(story.scored(FULL, at(41), at(42))).isTrue();
    assertThat(story.labelToLiveSeconds(Round.Kind.FULL)).contains(29.0);
    assertThat(story.over()).isTrue();
    assertThat(story.swaps()).extracting(DemoStory.Swap::adapter).containsExactly(HEAD, FULL);
    assertThat(String.join("\n", story.drain()))
        .contains("0:13.0  -- correction  8 more sounds were a bird, too")
        .contains("0:14.0  -- trainer     fits the head alone to 8 new labels")
        .contains("passed: bird: new, 0.81; 1 of 1 corrections now right that were wrong")
        .contains("0:42.0  -- swap        from here on adapter cccccccc scores, 29.0 s after");
    assertThat(story.drain()).isEmpty();
  }

  @Test
  void aRefusedFullRefitLeavesTheHeadInForceAndTheStorySaysSo() {
    DemoStory story = new DemoStory("bird", false, Round.Kind.FULL);
    story.begin(EPOCH);
    story.corrected(sounds(8), at(13));
    story.finished(outcome(round(1, Round.Kind.HEAD), RoundOutcome.Kind.PUBLISHED, HEAD), at(18));
    assertThat(story.over()).isFalse();
    story.finished(outcome(round(2, Round.Kind.FULL), RoundOutcome.Kind.REFUSED, FULL), at(40));
    assertThat(story.over()).isTrue();
    assertThat(story.wantsLabels()).isFalse();
    assertThat(String.join("\n", story.drain()))
        .contains("gate        full: refused: false alarms; the head-only refit stays in force");
    assertThat(story.rows())
        .as("one line")
        .contains(" whole        refused: false alarms; the head-only refit stays in force");
  }

  @Test
  void aFullRefitThatFailsLeavesTheHeadInForceToo() {
    DemoStory story = new DemoStory("bird", false, Round.Kind.FULL);
    story.begin(EPOCH);
    story.corrected(sounds(8), at(13));
    story.finished(outcome(round(1, Round.Kind.HEAD), RoundOutcome.Kind.PUBLISHED, HEAD), at(18));
    Round full = round(2, Round.Kind.FULL);
    story.finished(
        new RoundOutcome(
            full, RoundOutcome.Kind.FAILED, null, null, null, "fit: the disk is full", 5),
        at(40));
    assertThat(story.over()).isTrue();
    assertThat(String.join("\n", story.drain()))
        .contains("full: failed: fit: the disk is full; the head-only refit stays in force");
  }

  @Test
  void aRoundThatWantsLabelsAsksForMoreAndNoFullRefitIsAwaited() {
    DemoStory story = new DemoStory("bird", false, Round.Kind.FULL);
    story.begin(EPOCH);
    story.corrected(sounds(4), at(13));
    story.finished(outcome(round(1, Round.Kind.HEAD), RoundOutcome.Kind.UNDECIDED, HEAD), at(18));
    assertThat(story.wantsLabels()).isTrue();
    assertThat(String.join("\n", story.drain()))
        .contains("head: undecided: 3 more of bird would decide; the adapter in force stays");
    story.corrected(sounds(3), at(30));
    assertThat(story.wantsLabels()).as("they have come").isFalse();
    assertThat(story.over()).isFalse();
  }

  @Test
  void aRefusalIsSaidAndEndsTheStory() {
    DemoStory story = new DemoStory("bird", true, Round.Kind.FULL);
    story.begin(EPOCH);
    story.status(status("collecting", null, 3), at(20));
    assertThat(story.corrections()).as("counted as the trainer gets them").isEqualTo(3);
    Round full = round(2, Round.Kind.FULL);
    story.status(status("fitting", full, 0), at(25));
    story.status(status("fitting", full, 3), at(26));
    assertThat(story.corrections()).as("told twice, counted once").isEqualTo(3);
    assertThat(story.rows()).anyMatch(row -> row.contains("3, the last at 0:20.0"));
    story.finished(outcome(full, RoundOutcome.Kind.REFUSED, FULL), at(40));
    assertThat(story.over()).isTrue();
    assertThat(story.labelToLiveSeconds(Round.Kind.FULL)).isEmpty();
    assertThat(story.rows()).anyMatch(row -> row.contains("refused: false alarms"));
  }

  @Test
  void whatIsCorrectedAfterARefusalGoesOnWithAStoryOfTheHead() {
    DemoStory story = new DemoStory("bird", false, Round.Kind.HEAD);
    story.begin(EPOCH);
    story.corrected(sounds(8), at(13));
    Round first = round(1, Round.Kind.HEAD);
    story.status(status("fitting", first, 8), at(14));
    assertThat(story.waiting()).isEqualTo(8);
    story.finished(outcome(first, RoundOutcome.Kind.REFUSED, HEAD), at(18));
    assertThat(story.wantsLabels()).isTrue();
    assertThat(story.over()).isTrue();
    story.corrected(sounds(5), at(19));
    assertThat(story.wantsLabels()).isFalse();
    assertThat(story.over()).isFalse();
    assertThat(story.corrections()).isEqualTo(13);
    Round second = round(2, Round.Kind.HEAD);
    story.status(status("fitting", second, 13), at(20));
    story.finished(outcome(second, RoundOutcome.Kind.PUBLISHED, HEAD), at(24));
    story.scored(FIRST, at(24), at(24));
    assertThat(story.scored(HEAD, at(25), at(25))).isTrue();
    assertThat(story.over()).isTrue();
    assertThat(story.labelToLiveSeconds(Round.Kind.HEAD)).contains(6.0);
  }

  @Test
  void latenciesAroundSwapsAreComparedWithThoseBefore() {
    SwapLatencies latencies = new SwapLatencies();
    for (int i = 0; i < 400; i++) {
      double second = i / 10.0;
      boolean near = second >= 19 && second < 22;
      latencies.add(at(second), Duration.ofMillis(near ? 150 : second < 9 ? 900 : 100));
    }
    SwapLatencies.P99 p99 = latencies.p99(List.of(new DemoStory.Swap(HEAD, at(20), at(21))));
    assertThat(p99.beforeMillis()).isEqualTo(100);
    assertThat(p99.aroundMillis()).isEqualTo(150);
    assertThat(p99.ratio()).isEqualTo(1.5);
    assertThat(latencies.p99(List.of()).ratio()).isNaN();
  }

  @Test
  void noSoundReachesOverTheEndOfAPartAndOtherBirdsComeLaterWhereItIsSaid() {
    List<StreamPlan> plans = DemoScenes.compose(options(60, false));
    assertThat(plans).extracting(StreamPlan::recurring).containsExactly(true, false);
    List<Integer> lengths =
        BundledClips.loadNewClass(true).stream().map(c -> c.pcm().lengthSamples()).toList();
    for (StreamPlan plan : plans) {
      assertThat(plan.seconds()).isEqualTo(60);
      for (Event e : plan.truth()) {
        int part = (int) (e.onsetSeconds() / DemoScenes.PART_SECONDS);
        assertThat(e.offsetSeconds()).isLessThanOrEqualTo((part + 1) * DemoScenes.PART_SECONDS);
        if (e.label().equals(BundledClips.NEW_CLASS)) {
          int samples = (int) Math.round(e.lengthSeconds() * 16_000);
          assertThat(lengths.contains(samples))
              .as("%s", e)
              .isEqualTo(part > 0 && !plan.recurring());
        }
      }
      StreamPlan shorter = plan.until(24);
      assertThat(shorter.seconds()).isEqualTo(24);
      assertThat(shorter.truth()).isEqualTo(plan.truth().subList(0, shorter.truth().size()));
    }
    assertThat(DemoScenes.compose(options(60, false)).get(1).truth())
        .isEqualTo(plans.get(1).truth());
    assertThat(DemoScenes.compose(options(14, false)).get(0).seconds()).isEqualTo(14);
  }

  private static DemoOptions options(int seconds, boolean page) {
    return new DemoOptions(2, seconds, true, true, false, 1, false, page, false, false, 0);
  }
}
