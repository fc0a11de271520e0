package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecognitionTest {
  @Test
  void fourClipsGiveWhatTheHandGives() {
    float[][] scores = {
      {0.7f, 0.2f, 0.1f}, // 0, right
      {0.4f, 0.5f, 0.1f}, // 0, taken for 1
      {0.1f, 0.8f, 0.1f}, // 1, right
      {0.6f, 0.3f, 0.1f}, // 1, taken for 0
    };
    int[] labels = {0, 0, 1, 1};

    RecognitionScore score = Recognition.of(scores, labels);

    assertThat(score.examples()).isEqualTo(4);
    assertThat(score.top1()).isEqualTo(0.5);
    assertThat(score.top5()).isEqualTo(1);
    assertThat(score.recalls()).containsExactly(0.5, 0.5, Double.NaN);
    assertThat(score.meanClassAccuracy()).isEqualTo(0.5);
    // Class 0 ranks 0, 1, 0, 1: (1 + 2/3) / 2. Class 1 ranks 1, 0, 1, 0: the same. Class 2 is
    // absent.
    assertThat(score.averagePrecisions().get(0)).isCloseTo(5.0 / 6, within(1e-15));
    assertThat(score.averagePrecisions().get(1)).isCloseTo(5.0 / 6, within(1e-15));
    assertThat(score.macroAp()).isCloseTo(5.0 / 6, within(1e-15));
    assertThat(score.aucs()).containsExactly(0.75, 0.75, Double.NaN);
    assertThat(score.macroAuc()).isEqualTo(0.75);
    assertThat(score.dPrime()).isCloseTo(0.9538725524089398, within(1e-15));
    assertThat(Recognition.confusion(scores, labels))
        .isDeepEqualTo(new long[][] {{1, 1, 0}, {1, 1, 0}, {0, 0, 0}});
  }

  @Test
  void ofEqualScoresTheLowerClassComesFirst() {
    float[][] scores = {{1, 1, 1, 1, 1, 1}};
    assertThat(Recognition.of(scores, new int[] {0}).top1()).isEqualTo(1);
    assertThat(Recognition.of(scores, new int[] {1}).top1()).isZero();
    assertThat(Recognition.of(scores, new int[] {4}).top5()).isEqualTo(1);
    assertThat(Recognition.of(scores, new int[] {5}).top5()).isZero();
  }

  @Test
  void everyNumberEqualsItsSlowDefinition() {
    SeededRandom.forAll(
        getClass(),
        100,
        random -> {
          int classes = 2 + random.nextInt(8);
          float[][] scores = scores(random, 1 + random.nextInt(25), classes);
          int[] labels = random.ints(scores.length, 0, classes).toArray();
          RecognitionScore score = Recognition.of(scores, labels);
          assertThat(score.top1()).isEqualTo(topK(scores, labels, 1), within(1e-12));
          assertThat(score.top5()).isEqualTo(topK(scores, labels, 5), within(1e-12));
          assertThat(score.meanClassAccuracy())
              .isEqualTo(meanRecall(scores, labels, classes), within(1e-12));
          boolean[][] targets = new boolean[scores.length][classes];
          IntStream.range(0, labels.length).forEach(i -> targets[i][labels[i]] = true);
          assertMacro(score, scores, targets);
        });
  }

  @Test
  void clipsWithManyLabelsHaveTheSameMacroMeans() {
    SeededRandom.forAll(
        getClass(),
        100,
        random -> {
          int classes = 1 + random.nextInt(6);
          float[][] scores = scores(random, 1 + random.nextInt(25), classes);
          boolean[][] targets = new boolean[scores.length][];
          for (int i = 0; i < targets.length; i++) {
            targets[i] = RankingTest.booleans(random, classes);
          }
          RecognitionScore score = Recognition.of(scores, targets);
          assertMacro(score, scores, targets);
          assertThat(score.top1()).isNaN();
          assertThat(score.meanClassAccuracy()).isNaN();
        });
  }

  private static float[][] scores(RandomGenerator random, int clips, int classes) {
    float[][] scores = new float[clips][classes];
    for (float[] row : scores) {
      for (int c = 0; c < classes; c++) {
        row[c] = random.nextInt(9) / 8f;
      }
    }
    return scores;
  }

  private static double topK(float[][] scores, int[] labels, int k) {
    double right = 0;
    for (int i = 0; i < labels.length; i++) {
      float[] row = scores[i];
      List<Integer> ranked =
          IntStream.range(0, row.length)
              .boxed()
              .sorted(Comparator.comparing((Integer c) -> -row[c]))
              .limit(k)
              .toList();
      right += ranked.contains(labels[i]) ? 1 : 0;
    }
    return right / labels.length;
  }

  private static double meanRecall(float[][] scores, int[] labels, int classes) {
    long[][] confusion = Recognition.confusion(scores, labels);
    return IntStream.range(0, classes)
        .filter(c -> IntStream.of(labels).anyMatch(label -> label == c))
        .mapToDouble(
            c -> (double) confusion[c][c] / IntStream.of(labels).filter(l -> l == c).count())
        .average()
        .orElseThrow();
  }

  private static void assertMacro(RecognitionScore score, float[][] scores, boolean[][] targets) {
    double aps = 0;
    double aucs = 0;
    int withAp = 0;
    int withAuc = 0;
    for (int c = 0; c < scores[0].length; c++) {
      double[] column = new double[scores.length];
      boolean[] positives = new boolean[scores.length];
      int count = 0;
      for (int i = 0; i < scores.length; i++) {
        column[i] = scores[i][c];
        positives[i] = targets[i][c];
        count += positives[i] ? 1 : 0;
      }
      if (count > 0) {
        aps += RankingTest.definedAp(column, positives);
        withAp++;
      }
      if (count > 0 && count < scores.length) {
        aucs += RankingTest.definedAuc(column, positives);
        withAuc++;
      }
    }
    assertThat(score.macroAp()).isEqualTo(aps / withAp, within(1e-12));
    assertThat(score.macroAuc()).isEqualTo(aucs / withAuc, within(1e-12));
  }

  @Test
  void badShapesAreNamed() {
    float[][] scores = {{1, 2}, {1, 2}};
    assertThatThrownBy(() -> Recognition.of(new float[0][], new int[0]))
        .hasMessage("scores \"[]\": must have a clip");
    assertThatThrownBy(() -> Recognition.of(scores, new int[] {0}))
        .hasMessage("labels \"1\": must be as many as the 2 clips");
    assertThatThrownBy(() -> Recognition.of(scores, new int[] {0, 2}))
        .hasMessage("labels[1] \"2\": must be 0 to 1");
    assertThatThrownBy(() -> Recognition.confusion(scores, new int[] {-1, 0}))
        .hasMessage("labels[0] \"-1\": must be 0 to 1");
    assertThatThrownBy(() -> Recognition.of(new float[][] {{1}, {1, 2}}, new int[2]))
        .hasMessage("scores[1] \"2\": must have 1 classes, at least 1");
    assertThatThrownBy(() -> Recognition.of(new float[][] {{1, Float.NaN}}, new int[1]))
        .hasMessage("scores[0][1] \"NaN\": must be a number");
    assertThatThrownBy(() -> Recognition.of(scores, new boolean[][] {{true, false}, {true}}))
        .hasMessage("targets[1] \"1\": must have 2 classes");
  }
}
