package dev.lookaside.trainer.metric;

import java.util.Arrays;
import java.util.List;

/**
 * Clip recognition: the numbers of the EPIC-SOUNDS recognition challenge and of AST. Means are over
 * the classes that occur among the labels, as there.
 *
 * @see <a href="https://github.com/epic-kitchens/C9-epic-sounds">C9-epic-sounds,
 *     utils/metrics.py</a>
 * @see Ranking
 */
public final class Recognition {
  private Recognition() {}

  /**
   * One label per clip. Of classes with equal scores the one of lower index comes first, as in
   * {@code argmax}.
   *
   * @param scores {@code [clips][classes]}, any scale, no NaN; sum the views of a clip first
   * @param labels class index of each clip
   * @throws IllegalArgumentException if there is no clip, a row has another length, a score is NaN
   *     or a label is not a class
   */
  public static RecognitionScore of(float[][] scores, int[] labels) {
    requireShape(scores, labels.length);
    int classes = scores[0].length;
    long[] clips = new long[classes];
    long[] right = new long[classes];
    int top1 = 0;
    int top5 = 0;
    boolean[][] targets = new boolean[scores.length][classes];
    for (int i = 0; i < scores.length; i++) {
      requireClass(labels, i, classes);
      int rank = rank(scores[i], labels[i]);
      top1 += rank < 1 ? 1 : 0;
      top5 += rank < 5 ? 1 : 0;
      clips[labels[i]]++;
      right[labels[i]] += rank < 1 ? 1 : 0;
      targets[i][labels[i]] = true;
    }
    double[] recalls = new double[classes];
    for (int c = 0; c < classes; c++) {
      recalls[c] = clips[c] == 0 ? Double.NaN : (double) right[c] / clips[c];
    }
    double all = scores.length;
    return score(scores, targets, top1 / all, top5 / all, recalls);
  }

  /**
   * Any number of labels per clip.
   *
   * @param scores {@code [clips][classes]}, any scale, no NaN
   * @param targets {@code [clips][classes]}
   * @throws IllegalArgumentException if there is no clip, a row has another length or a score is
   *     NaN
   */
  public static RecognitionScore of(float[][] scores, boolean[][] targets) {
    requireShape(scores, targets.length);
    int classes = scores[0].length;
    for (int i = 0; i < targets.length; i++) {
      if (targets[i].length != classes) {
        throw new IllegalArgumentException(
            "targets[%d] \"%d\": must have %d classes".formatted(i, targets[i].length, classes));
      }
    }
    double[] recalls = new double[classes];
    Arrays.fill(recalls, Double.NaN);
    return score(scores, targets, Double.NaN, Double.NaN, recalls);
  }

  /**
   * How often each class was taken for which.
   *
   * @param scores {@code [clips][classes]}
   * @param labels class index of each clip
   * @return {@code [true class][class of the greatest score]} counts
   * @throws IllegalArgumentException as {@link #of(float[][], int[])}
   */
  public static long[][] confusion(float[][] scores, int[] labels) {
    requireShape(scores, labels.length);
    long[][] counts = new long[scores[0].length][scores[0].length];
    for (int i = 0; i < scores.length; i++) {
      requireClass(labels, i, counts.length);
      int best = 0;
      for (int c = 1; c < scores[i].length; c++) {
        best = scores[i][c] > scores[i][best] ? c : best;
      }
      counts[labels[i]][best]++;
    }
    return counts;
  }

  /** How many classes come before {@code label}. */
  private static int rank(float[] scores, int label) {
    int before = 0;
    for (int c = 0; c < scores.length; c++) {
      boolean greater = scores[c] > scores[label];
      before += greater || (c < label && scores[c] == scores[label]) ? 1 : 0;
    }
    return before;
  }

  private static RecognitionScore score(
      float[][] scores, boolean[][] targets, double top1, double top5, double[] recalls) {
    int classes = recalls.length;
    double[] aps = new double[classes];
    double[] aucs = new double[classes];
    double[] column = new double[scores.length];
    boolean[] positives = new boolean[scores.length];
    for (int c = 0; c < classes; c++) {
      for (int i = 0; i < scores.length; i++) {
        column[i] = scores[i][c];
        positives[i] = targets[i][c];
      }
      aps[c] = Ranking.averagePrecision(column, positives);
      aucs[c] = Ranking.auc(column, positives);
    }
    return new RecognitionScore(
        scores.length,
        top1,
        top5,
        ClassMeans.meanOfDefined(recalls),
        ClassMeans.meanOfDefined(aps),
        ClassMeans.meanOfDefined(aucs),
        boxed(recalls),
        boxed(aps),
        boxed(aucs));
  }

  private static List<Double> boxed(double[] values) {
    return Arrays.stream(values).boxed().toList();
  }

  private static void requireClass(int[] labels, int clip, int classes) {
    if (labels[clip] < 0 || labels[clip] >= classes) {
      throw new IllegalArgumentException(
          "labels[%d] \"%d\": must be 0 to %d".formatted(clip, labels[clip], classes - 1));
    }
  }

  private static void requireShape(float[][] scores, int answers) {
    if (scores.length == 0) {
      throw new IllegalArgumentException("scores \"[]\": must have a clip");
    }
    if (answers != scores.length) {
      throw new IllegalArgumentException(
          "labels \"%d\": must be as many as the %d clips".formatted(answers, scores.length));
    }
    int classes = scores[0].length;
    for (int i = 0; i < scores.length; i++) {
      if (scores[i].length != classes || classes == 0) {
        throw new IllegalArgumentException(
            "scores[%d] \"%d\": must have %d classes, at least 1"
                .formatted(i, scores[i].length, classes));
      }
      for (int c = 0; c < classes; c++) {
        if (Float.isNaN(scores[i][c])) {
          throw new IllegalArgumentException(
              "scores[%d][%d] \"NaN\": must be a number".formatted(i, c));
        }
      }
    }
  }
}
