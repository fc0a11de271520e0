package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ScoreCurveTest {
  private static final float DEAF = Float.NEGATIVE_INFINITY;

  @Test
  void runsReachTheThresholdAndEndWhereNothingWasHeard() {
    ScoreCurve curve =
        new ScoreCurve(
            "kitchen",
            "dog",
            new double[] {1, 2, 3, 5, 8, 9},
            new float[] {.5f, .6f, DEAF, .5f, .1f});
    assertThat(curve.atLeast(0.5))
        .containsExactly(new Event("kitchen", "dog", 1, 3), new Event("kitchen", "dog", 5, 8));
    assertThat(curve.atLeast(Double.NEGATIVE_INFINITY))
        .containsExactly(new Event("kitchen", "dog", 1, 3), new Event("kitchen", "dog", 5, 9));
    assertThat(curve.atLeast(0.7)).isEmpty();
  }

  @Test
  void sweepFollowsTheRunsOfEveryThreshold() {
    SeededRandom.forAll(
        getClass(),
        200,
        random -> {
          float[] scores = new float[random.nextInt(40)];
          for (int i = 0; i < scores.length; i++) {
            scores[i] = random.nextInt(10) == 0 ? DEAF : random.nextInt(8);
          }
          ScoreCurve curve = ScoreCurve.evenly("kitchen", "dog", 3, 0.25, scores);
          TreeSet<Float> thresholds = new TreeSet<>();
          List<List<Integer>> runs = new ArrayList<>();
          curve.sweep(
              new ScoreCurve.Runs() {
                @Override
                public void added(int from, int until) {
                  runs.add(List.of(from, until));
                }

                @Override
                public void removed(int from, int until) {
                  assertThat(runs.remove(List.of(from, until))).isTrue();
                }

                @Override
                public void settled(float threshold) {
                  assertThat(thresholds.isEmpty() || threshold < thresholds.first()).isTrue();
                  thresholds.add(threshold);
                  List<Event> events =
                      runs.stream()
                          .map(
                              r ->
                                  new Event(
                                      "kitchen", "dog", 3 + r.get(0) / 4.0, 3 + r.get(1) / 4.0))
                          .toList();
                  assertThat(events).containsExactlyInAnyOrderElementsOf(curve.atLeast(threshold));
                }
              });
          TreeSet<Float> distinct = new TreeSet<>();
          for (float score : scores) {
            if (score > DEAF) {
              distinct.add(score);
            }
          }
          assertThat(thresholds).isEqualTo(distinct);
        });
  }

  @Test
  void laterChangesOfTheArraysDoNotShow() {
    double[] edges = {0, 1};
    float[] scores = {0.5f};
    ScoreCurve curve = new ScoreCurve("kitchen", "dog", edges, scores);
    edges[1] = 9;
    scores[0] = 0;
    assertThat(curve.atLeast(0.5)).containsExactly(new Event("kitchen", "dog", 0, 1));
  }

  @Test
  void badCurvesAreNamed() {
    assertThatThrownBy(() -> new ScoreCurve("s", "l", new double[] {0, 1}, new float[2]))
        .hasMessage("edgesSeconds \"2\": must be one more than the 2 scores");
    assertThatThrownBy(() -> new ScoreCurve("s", "l", new double[] {0, 0}, new float[1]))
        .hasMessage("edgesSeconds[1] \"0.0\": must be finite and above the edge before");
    assertThatThrownBy(() -> new ScoreCurve("s", "l", new double[] {0, 1}, new float[] {Float.NaN}))
        .hasMessage("scores[0] \"NaN\": must be a number");
  }
}
