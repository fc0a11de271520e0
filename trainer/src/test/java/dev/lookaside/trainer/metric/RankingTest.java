package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class RankingTest {
  @Test
  void fourItemsGiveWhatTheHandGives() {
    double[] scores = {0.1, 0.4, 0.35, 0.8};
    boolean[] positives = {false, false, true, true};
    // Recall 1/2 at precision 1, then 1 at 2/3; of four pairs one (0.4 above 0.35) is wrong.
    assertThat(Ranking.averagePrecision(scores, positives)).isEqualTo((1 + 2.0 / 3) / 2);
    assertThat(Ranking.auc(scores, positives)).isEqualTo(0.75);
    assertThat(Ranking.steps(scores, positives))
        .containsExactly(
            new Ranking.Step(0.8, new Counts(1, 0, 1)),
            new Ranking.Step(0.4, new Counts(1, 1, 1)),
            new Ranking.Step(0.35, new Counts(2, 1, 0)),
            new Ranking.Step(0.1, new Counts(2, 2, 0)));
  }

  @Test
  void equalScoresAreOneStepWhateverTheirOrder() {
    double[] scores = {0.5, 0.5, 0.5, 0.9};
    for (boolean[] positives :
        List.of(
            new boolean[] {true, false, false, false}, new boolean[] {false, false, true, false})) {
      assertThat(Ranking.averagePrecision(scores, positives)).isEqualTo(0.25);
      // Of the three negatives two tie and one is above.
      assertThat(Ranking.auc(scores, positives)).isEqualTo(1.0 / 3);
    }
  }

  @Test
  void scoresWithoutBothKindsHaveNoNumber() {
    double[] scores = {1, 2};
    assertThat(Ranking.averagePrecision(scores, new boolean[] {false, false})).isNaN();
    assertThat(Ranking.averagePrecision(scores, new boolean[] {true, true})).isEqualTo(1);
    assertThat(Ranking.auc(scores, new boolean[] {false, false})).isNaN();
    assertThat(Ranking.auc(scores, new boolean[] {true, true})).isNaN();
  }

  @Test
  void averagePrecisionAndAucEqualTheirDefinitions() {
    SeededRandom.forAll(
        getClass(),
        300,
        random -> {
          int items = 1 + random.nextInt(30);
          double[] scores = random.ints(items, 0, 8).asDoubleStream().toArray();
          boolean[] positives = booleans(random, items);
          assertThat(Ranking.averagePrecision(scores, positives))
              .isEqualTo(definedAp(scores, positives), within(1e-12));
          assertThat(Ranking.auc(scores, positives))
              .isEqualTo(definedAuc(scores, positives), within(1e-15));
        });
  }

  static boolean[] booleans(RandomGenerator random, int count) {
    boolean[] values = new boolean[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(3) == 0;
    }
    return values;
  }

  /** Sum over thresholds of (recall - recall before) * precision, each counted anew. */
  static double definedAp(double[] scores, boolean[] positives) {
    double[] thresholds = Arrays.stream(scores).distinct().sorted().toArray();
    double ap = 0;
    double recallBefore = 0;
    for (int t = thresholds.length - 1; t >= 0; t--) {
      double passed = 0;
      double right = 0;
      double all = 0;
      for (int i = 0; i < scores.length; i++) {
        all += positives[i] ? 1 : 0;
        if (scores[i] >= thresholds[t]) {
          passed++;
          right += positives[i] ? 1 : 0;
        }
      }
      ap += (right / all - recallBefore) * right / passed;
      recallBefore = right / all;
    }
    return ap;
  }

  /** Share of pairs in the right order. */
  static double definedAuc(double[] scores, boolean[] positives) {
    double pairs = 0;
    double right = 0;
    for (int p = 0; p < scores.length; p++) {
      for (int n = 0; n < scores.length; n++) {
        if (positives[p] && !positives[n]) {
          pairs++;
          right += scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0;
        }
      }
    }
    return right / pairs;
  }

  @Test
  void dPrimeIsTheNormalQuantileTimesRootTwo() {
    assertThat(Ranking.dPrime(0.5)).isZero();
    assertThat(Ranking.dPrime(0.75)).isCloseTo(0.9538725524089398, within(1e-15));
    assertThat(Ranking.dPrime(0.25)).isCloseTo(-0.9538725524089398, within(1e-15));
    assertThat(Ranking.dPrime(1)).isInfinite().isPositive();
    assertThat(Ranking.dPrime(0)).isInfinite().isNegative();
    assertThat(Ranking.dPrime(Double.NaN)).isNaN();
  }

  @Test
  void quantileInvertsTheIntegralOfTheNormalDensity() {
    for (double x = -6; x <= 4; x += 0.37) {
      assertThat(NormalQuantile.of(normalUpTo(x))).isCloseTo(x, within(1e-7));
    }
    // Tables: 2.5 %, 1e-10 and 1e-300.
    assertThat(NormalQuantile.of(0.025)).isCloseTo(-1.9599639845400538, within(1e-14));
    assertThat(NormalQuantile.of(1e-10)).isCloseTo(-6.361340902404056, within(1e-14));
    assertThat(NormalQuantile.of(1e-300)).isCloseTo(-37.0470962993612, within(1e-12));
  }

  /** Simpson's rule from -12. */
  private static double normalUpTo(double x) {
    int steps = 20_000;
    double h = (x + 12) / steps;
    double sum = 0;
    for (int i = 0; i <= steps; i++) {
      double at = -12 + i * h;
      double weight = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * Math.exp(-at * at / 2);
    }
    return sum * h / 3 / Math.sqrt(2 * Math.PI);
  }

  @Test
  void badScoresAreNamed() {
    assertThatThrownBy(() -> Ranking.auc(new double[] {1, Double.NaN}, new boolean[2]))
        .hasMessage("scores[1] \"NaN\": must be a number");
    assertThatThrownBy(() -> Ranking.auc(new double[2], new boolean[3]))
        .hasMessage("positives \"3\": must be as many as the 2 scores");
  }
}
