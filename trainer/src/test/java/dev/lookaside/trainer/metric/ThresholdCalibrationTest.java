package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.metric.ThresholdCalibration.Calibrated;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class ThresholdCalibrationTest {
  private static final String DOG = "dog";

  private static Event event(double onset, double offset) {
    return new Event("kitchen", DOG, onset, offset);
  }

  @Test
  void thresholdLiesInTheMiddleOfItsPlateau() {
    float[][] scores = {{0.9f}, {0.75f}, {0.25f}, {0.125f}};
    boolean[][] targets = {{true}, {true}, {false}, {false}};
    SortedMap<String, Calibrated> found =
        ThresholdCalibration.ofClips(List.of(DOG), scores, targets);
    assertThat(found.get(DOG)).isEqualTo(new Calibrated(0.5, new Counts(2, 0, 0)));
    assertThat(found.get(DOG).f1()).isEqualTo(1);
  }

  @Test
  void ofEquallyGoodThresholdsTheGreatestWins() {
    // 0.9 finds 1 of 2 (F1 2/3); 0.5 finds both with two false alarms (F1 4/6).
    float[][] scores = {{0.9f}, {0.5f}, {0.5f}, {0.5f}};
    boolean[][] targets = {{true}, {true}, {false}, {false}};
    assertThat(ThresholdCalibration.ofClips(List.of(DOG), scores, targets).get(DOG).counts())
        .isEqualTo(new Counts(1, 0, 1));
  }

  @Test
  void theLowestScoreAndNeighbouringNumbersAreThemselvesTheThreshold() {
    assertThat(ThresholdCalibration.best(Ranking.steps(new double[] {3}, new boolean[] {true})))
        .contains(new Calibrated(3, new Counts(1, 0, 0)));
    double[] close = {1, Math.nextDown(1.0)};
    assertThat(ThresholdCalibration.best(Ranking.steps(close, new boolean[] {true, false})))
        .contains(new Calibrated(1, new Counts(1, 0, 0)));
    double[] far = {1, Double.NEGATIVE_INFINITY};
    assertThat(ThresholdCalibration.best(Ranking.steps(far, new boolean[] {true, false})))
        .contains(new Calibrated(1, new Counts(1, 0, 0)));
  }

  @Test
  void aClassWithoutTruthKeepsItsThreshold() {
    float[][] scores = {{0.9f, 0.1f}};
    boolean[][] targets = {{true, false}};
    assertThat(ThresholdCalibration.ofClips(List.of(DOG, "cat"), scores, targets))
        .containsOnlyKeys(DOG);
    ScoreCurve curve = ScoreCurve.evenly("kitchen", DOG, 0, 1, new float[] {1});
    assertThat(ThresholdCalibration.ofCurves(List.of(), List.of(curve), Collars.onset(0.2)))
        .isEmpty();
  }

  @Test
  void curveOfASceneGivesWhatTheHandGives() {
    List<Event> truth = List.of(event(1, 2), event(4, 6));
    ScoreCurve curve =
        ScoreCurve.evenly("kitchen", DOG, 0, 1, new float[] {0, .9f, .3f, .3f, .7f, .5f, .8f});
    // .9: dog at 1. .8: and a false one at 6. .7: and the dog at 4. .5: 4 and 6 are one. .3: 1 and
    // 4
    // are one. 0: one event from 0.
    assertThat(EventCurve.steps(DOG, truth, List.of(curve), Collars.onset(0.5)))
        .containsExactly(
            new Ranking.Step(.9f, new Counts(1, 0, 1)),
            new Ranking.Step(.8f, new Counts(1, 1, 1)),
            new Ranking.Step(.7f, new Counts(2, 1, 0)),
            new Ranking.Step(.5f, new Counts(2, 0, 0)),
            new Ranking.Step(.3f, new Counts(1, 0, 1)),
            new Ranking.Step(0, new Counts(0, 1, 2)));
    SortedMap<String, Calibrated> found =
        ThresholdCalibration.ofCurves(truth, List.of(curve), Collars.onset(0.5));
    assertThat(found.get(DOG).value()).isCloseTo(0.4, within(1e-7));
    assertThat(found.get(DOG).f1()).isEqualTo(1);
  }

  @Test
  void everyThresholdGivesTheCountsOfTheEventsAtIt() {
    SeededRandom.forAll(
        getClass(),
        200,
        random -> {
          List<Event> truth = dogs(RandomEvents.events(random, 10, 3, 1, 50));
          List<ScoreCurve> curves = curves(random);
          Collars collars =
              random.nextBoolean()
                  ? Collars.onset(0.125 * random.nextInt(8))
                  : Collars.onsetAndOffset(0.125 * random.nextInt(8), random.nextDouble());
          List<Ranking.Step> steps = EventCurve.steps(DOG, truth, curves, collars);
          double bestF1 = 0;
          TreeSet<Double> thresholds = new TreeSet<>(SlowPsds.thresholds(curves));
          for (double threshold : thresholds) {
            Counts slow = counts(truth, curves, threshold, collars);
            assertThat(at(steps, threshold, truth.size())).isEqualTo(slow);
            bestF1 = slow.f1() > bestF1 ? slow.f1() : bestF1;
          }
          SortedMap<String, Calibrated> found =
              ThresholdCalibration.ofCurves(truth, curves, collars);
          if (bestF1 == 0) {
            assertThat(found).isEmpty();
          } else {
            assertThat(found.get(DOG).f1()).isEqualTo(bestF1);
            assertThat(counts(truth, curves, found.get(DOG).value(), collars))
                .isEqualTo(found.get(DOG).counts());
          }
        });
  }

  private static Counts at(List<Ranking.Step> steps, double threshold, int truths) {
    Counts counts = new Counts(0, 0, truths);
    for (Ranking.Step step : steps) {
      counts = step.threshold() >= threshold ? step.counts() : counts;
    }
    return counts;
  }

  private static Counts counts(
      List<Event> truth, List<ScoreCurve> curves, double threshold, Collars collars) {
    return EventF1.of(truth, SlowPsds.runs(curves, threshold), collars).total();
  }

  private static List<Event> dogs(List<Event> events) {
    return events.stream()
        .map(e -> new Event(e.stream(), DOG, e.onsetSeconds(), e.offsetSeconds()))
        .toList();
  }

  private static List<ScoreCurve> curves(RandomGenerator random) {
    List<ScoreCurve> curves = new ArrayList<>();
    for (int s = 0; s < 2; s++) {
      float[] scores = new float[random.nextInt(50)];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = random.nextInt(15) == 0 ? Float.NEGATIVE_INFINITY : random.nextInt(10) / 9f;
      }
      curves.add(ScoreCurve.evenly("stream-" + s, DOG, 0.125, 0.125, scores));
    }
    return curves;
  }

  @Test
  void bestPairIsTheBestOfAllPairs() {
    List<Event> truth = List.of(event(1, 4));
    float[] scores = {0, .8f, .5f, .5f, .2f, 0};
    // Hysteresis: opens at on, holds while the score is at least off.
    ThresholdCalibration.Decoder decoder =
        (on, off) ->
            ScoreCurve.evenly("kitchen", DOG, 0, 1, scores).atLeast(off).stream()
                .filter(e -> on <= 0.8)
                .toList();
    double[] ons = {0.4, 0.8, 0.9};
    double[] shares = {1, 0.6, 0.1};
    CalibratedPair best =
        ThresholdCalibration.ofDecoder(truth, ons, shares, Collars.onsetAndOffset(0.1, 0), decoder)
            .orElseThrow();
    assertThat(best.on()).isEqualTo(0.8);
    assertThat(best.off()).isCloseTo(0.48, within(1e-12));
    assertThat(best.f1()).isEqualTo(1);
    assertThat(
            ThresholdCalibration.ofDecoder(
                truth, new double[] {0.9}, shares, Collars.dcase(), decoder))
        .isEmpty();
  }

  @Test
  void ofEquallyGoodOnsTheMiddleOneIsTaken() {
    List<Event> truth = List.of(event(1, 4));
    double[] ons = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    // Below 0.25 there is a false alarm, from 0.85 on nothing is found.
    ThresholdCalibration.Decoder decoder =
        (on, off) ->
            on > 0.85
                ? List.of()
                : on < 0.25 ? List.of(event(1, 4), event(6, 7)) : List.of(event(1, 4));
    CalibratedPair best =
        ThresholdCalibration.ofDecoder(
                truth, ons, new double[] {0.2, 1}, Collars.onset(0.2), decoder)
            .orElseThrow();
    assertThat(best.on()).isEqualTo(0.6);
    assertThat(best.off()).as("the greatest of those that are as good").isEqualTo(0.6);
  }

  @Test
  void badArgumentsAreNamed() {
    ScoreCurve curve = ScoreCurve.evenly("kitchen", DOG, 0, 1, new float[] {1});
    Collars collars = Collars.onset(0.2);
    assertThatThrownBy(() -> EventCurve.steps("cat", List.of(), List.of(curve), collars))
        .hasMessage("label \"dog\": must be \"cat\"");
    assertThatThrownBy(() -> EventCurve.steps(DOG, List.of(), List.of(curve, curve), collars))
        .hasMessage("curves of stream \"kitchen\": must be one");
    assertThatThrownBy(
            () ->
                ThresholdCalibration.ofDecoder(
                    List.of(), new double[] {1}, new double[] {0}, collars, (on, off) -> List.of()))
        .hasMessage("offShares \"0.0\": must be above 0 and at most 1");
  }
}
