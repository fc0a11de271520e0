package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class PsdsTest {
  private static final String KITCHEN = "kitchen";

  private static Event event(String label, double onset, double offset) {
    return new Event(KITCHEN, label, onset, offset);
  }

  private static ScoreCurve curve(String label, float... scores) {
    return ScoreCurve.evenly(KITCHEN, label, 0, 1, scores);
  }

  @Test
  void oneClassGivesWhatTheHandGives() {
    // 72 s in all: one false positive is 50 per hour, half of the width.
    List<Event> truth = List.of(event("dog", 0, 2), event("dog", 6, 8));
    List<ScoreCurve> curves = List.of(curve("dog", .9f, .9f, 0, 0, .5f, 0, .3f, .3f, 0, 0));

    PsdsScore score = Psds.of(truth, curves, 72, PsdsCriteria.psds1());

    // 0.9: half found, nothing false. 0.5: one false. 0.3: all found. 0: one long false detection.
    assertThat(score.classes().get("dog").points())
        .containsExactly(new PsdsScore.Point(0, 0.5, 0.9f), new PsdsScore.Point(50, 1, 0.3f));
    assertThat(score.psds()).isCloseTo(0.5 * 0.5 + 0.5 * 1, within(1e-12));
  }

  /** DCASE task 4 since 2021, as its baseline computes them. */
  @Test
  void theScenariosHaveTheChallengesNumbers() {
    assertThat(PsdsCriteria.psds1()).isEqualTo(new PsdsCriteria(0.7, 0.7, 1, 0, 1, 100));
    assertThat(PsdsCriteria.psds2()).isEqualTo(new PsdsCriteria(0.1, 0.1, 0.3, 0.5, 1, 100));
  }

  @Test
  void spreadBetweenClassesIsPunished() {
    List<Event> truth = List.of(event("dog", 0, 2), event("cat", 4, 6));
    List<ScoreCurve> curves = List.of(curve("dog", 1, 1, 0, 0, 0, 0));
    // Ratios 1 and 0: mean 1/2, deviation 1/2.
    assertThat(Psds.of(truth, curves, 3600, PsdsCriteria.psds1()).psds()).isZero();
    assertThat(Psds.of(truth, curves, 3600, macro(PsdsCriteria.psds1())).psds())
        .isCloseTo(0.5, within(1e-12));
  }

  @Test
  void aCrossTriggerCostsByTheOtherClassesSound() {
    // The dog fires on the cat (36 s of sound) and, with less score, on the dog.
    List<Event> truth = List.of(event("dog", 0, 1), event("cat", 2, 38));
    List<ScoredEvent> boxes =
        List.of(new ScoredEvent(event("dog", 2, 4), 0.9), new ScoredEvent(event("dog", 0, 1), 0.8));
    PsdsScore score = Psds.ofBoxes(truth, boxes, 360, macro(PsdsCriteria.psds2()));
    // 10 false per hour + 0.5 * 1 cross trigger in 36 s, that is 100 per hour of cat.
    assertThat(score.classes().get("dog").points())
        .containsExactly(
            new PsdsScore.Point(0, 0, Double.POSITIVE_INFINITY), new PsdsScore.Point(60, 1, 0.8));
    assertThat(score.psds()).isCloseTo((1 - 0.6) / 2, within(1e-12));
  }

  @Test
  void aShareThatIsMetExactlyIsMet() {
    // 0.7 * 1 s is not a sum of tenths in doubles.
    List<Event> truth = List.of(event("dog", 0.1, 0.8));
    List<ScoredEvent> boxes = List.of(new ScoredEvent(event("dog", 0.1, 1.1), 1));
    assertThat(Psds.ofBoxes(truth, boxes, 10, PsdsCriteria.psds1()).psds()).isEqualTo(1);
    List<ScoredEvent> longer = List.of(new ScoredEvent(event("dog", 0.1, 1.100002), 1));
    assertThat(Psds.ofBoxes(truth, longer, 10, PsdsCriteria.psds1()).psds()).isZero();
  }

  @Test
  void detectionsTogetherCoverAnEventAndEventsTogetherADetection() {
    List<Event> one = List.of(event("dog", 0, 10));
    List<ScoreCurve> pieces = List.of(curve("dog", 1, 1, 1, 1, 0, 1, 1, 1, 0, 0));
    assertThat(Psds.of(one, pieces, 10, PsdsCriteria.psds1()).psds()).isEqualTo(1);
    List<Event> two = List.of(event("dog", 0, 4), event("dog", 5, 10));
    List<ScoreCurve> all = List.of(curve("dog", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    assertThat(Psds.of(two, all, 10, PsdsCriteria.psds1()).psds()).isEqualTo(1);
  }

  @Test
  void noDetectionsScoreNothingAndNoTruthHasNoScore() {
    List<Event> truth = List.of(event("dog", 0, 1));
    assertThat(Psds.of(truth, List.of(), 10, PsdsCriteria.psds1()).psds()).isZero();
    assertThat(Psds.of(List.of(), List.of(curve("dog", 1)), 10, PsdsCriteria.psds1()).psds())
        .isNaN();
  }

  @Test
  void scoreEqualsThatOfTryingEveryThreshold() {
    SeededRandom.forAll(
        getClass(),
        150,
        random -> {
          List<Event> truth = truth(random);
          List<ScoreCurve> curves = curves(random);
          for (PsdsCriteria criteria : criteria(random)) {
            double totalSeconds = 20 + random.nextInt(200);
            double expected =
                SlowPsds.psds(
                    truth,
                    SlowPsds.thresholds(curves),
                    threshold -> SlowPsds.runs(curves, threshold),
                    totalSeconds,
                    criteria);
            assertScore(Psds.of(truth, curves, totalSeconds, criteria), expected, criteria);
          }
        });
  }

  @Test
  void scoreOfBoxesEqualsThatOfTryingEveryThreshold() {
    SeededRandom.forAll(
        getClass(),
        150,
        random -> {
          List<Event> truth = truth(random);
          List<ScoredEvent> boxes = new ArrayList<>();
          for (Event event : RandomEvents.events(random, 25, 2, 4, 60)) {
            boxes.add(new ScoredEvent(event, random.nextInt(12) / 11.0));
          }
          for (PsdsCriteria criteria : criteria(random)) {
            double totalSeconds = 20 + random.nextInt(200);
            double expected =
                SlowPsds.psds(
                    truth,
                    boxes.stream().map(ScoredEvent::score).toList(),
                    threshold ->
                        boxes.stream()
                            .filter(box -> box.score() >= threshold)
                            .map(ScoredEvent::event)
                            .toList(),
                    totalSeconds,
                    criteria);
            assertScore(Psds.ofBoxes(truth, boxes, totalSeconds, criteria), expected, criteria);
          }
        });
  }

  private static void assertScore(PsdsScore score, double expected, PsdsCriteria criteria) {
    // As objects: without truth both are NaN.
    assertThat(score.effective().area(criteria.maxFalsePerHour()))
        .isEqualTo(Double.valueOf(score.psds()));
    if (Double.isNaN(expected)) {
      assertThat(score.psds()).isNaN();
    } else {
      assertThat(score.psds()).isEqualTo(expected, within(1e-9));
    }
  }

  private static List<Event> truth(RandomGenerator random) {
    return RandomEvents.events(random, 12, 2, 3, 60);
  }

  private static List<PsdsCriteria> criteria(RandomGenerator random) {
    PsdsCriteria any =
        new PsdsCriteria(
            (1 + random.nextInt(10)) / 10.0,
            (1 + random.nextInt(10)) / 10.0,
            (1 + random.nextInt(10)) / 10.0,
            random.nextInt(3) / 2.0,
            random.nextDouble(),
            500 + random.nextInt(2000));
    return List.of(PsdsCriteria.psds1(), PsdsCriteria.psds2(), macro(PsdsCriteria.psds2()), any);
  }

  /** Coarse scores, so that they tie within a curve and between curves. */
  private static List<ScoreCurve> curves(RandomGenerator random) {
    List<ScoreCurve> curves = new ArrayList<>();
    for (int s = 0; s < 2; s++) {
      for (int l = 0; l < 4; l++) {
        float[] scores = new float[random.nextInt(40)];
        for (int i = 0; i < scores.length; i++) {
          boolean heard = random.nextInt(12) > 0;
          scores[i] = heard ? random.nextInt(10) / 9f : Float.NEGATIVE_INFINITY;
        }
        curves.add(ScoreCurve.evenly("stream-" + s, "label-" + l, 0.125 * l, 0.25, scores));
      }
    }
    return RandomEvents.shuffled(random, curves);
  }

  @Test
  void hoursOfNoiseUnderSureEventsScoreOne() {
    RandomGenerator random = SeededRandom.of(5);
    List<Event> truth = new ArrayList<>();
    List<ScoreCurve> curves = new ArrayList<>();
    for (int l = 0; l < 10; l++) {
      float[] scores = new float[20_000];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = random.nextFloat() / 2;
      }
      for (int i = 0; i < 200; i++) {
        int from = 100 * i + random.nextInt(50);
        int until = from + 1 + random.nextInt(40);
        Arrays.fill(scores, from, until, 0.5f + random.nextFloat() / 2);
        truth.add(event("label-" + l, from, until));
      }
      curves.add(curve("label-" + l, scores));
    }
    assertThat(Psds.of(truth, curves, 20_000, PsdsCriteria.psds1()).psds())
        .isEqualTo(1, within(1e-12));
    assertThat(Psds.of(truth, curves, 20_000, PsdsCriteria.psds2()).psds())
        .isEqualTo(1, within(1e-12));
  }

  @Test
  void badArgumentsAreNamed() {
    List<ScoreCurve> twice = List.of(curve("dog", 1), curve("dog", 2));
    assertThatThrownBy(() -> Psds.of(List.of(), twice, 1, PsdsCriteria.psds1()))
        .hasMessage("curves \"dog\" of stream \"kitchen\": must be one");
    assertThatThrownBy(() -> Psds.of(List.of(), List.of(), 0, PsdsCriteria.psds1()))
        .hasMessage("totalSeconds \"0.0\": must be finite and above 0");
    assertThatThrownBy(() -> new PsdsCriteria(0, 1, 1, 0, 0, 100))
        .hasMessage("detectionTolerance \"0.0\": must be above 0 and at most 1");
    assertThatThrownBy(() -> new PsdsCriteria(1, 1, 1, 0, 0, Double.NaN))
        .hasMessage("maxFalsePerHour \"NaN\": must be finite and above 0");
    assertThatThrownBy(() -> new PsdsCriteria(1, 1, 1, 2, 0, 100))
        .hasMessage("crossTriggerWeight \"2.0\": must be 0 to 1");
  }

  /** The same without the penalty on differences between classes. */
  private static PsdsCriteria macro(PsdsCriteria of) {
    return new PsdsCriteria(
        of.detectionTolerance(),
        of.truthIntersection(),
        of.crossTriggerTolerance(),
        of.crossTriggerWeight(),
        0,
        of.maxFalsePerHour());
  }
}
