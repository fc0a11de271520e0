package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How well scores order positives before negatives. Equal scores are one step: no order among them
 * is assumed, as in scikit-learn.
 */
public final class Ranking {
  private Ranking() {}

  /**
   * A threshold and what passes it.
   *
   * @param threshold items with at least this score pass
   * @param counts positives that pass, negatives that pass, positives that do not
   */
  public record Step(double threshold, Counts counts) {}

  /**
   * What passes at every distinct score, from the greatest down. Precision and recall of the steps
   * are the points of the precision-recall curve.
   *
   * @param scores one per item, no NaN
   * @param positives whether each item is positive
   * @throws IllegalArgumentException if the lengths differ or a score is NaN
   */
  public static List<Step> steps(double[] scores, boolean[] positives) {
    if (scores.length != positives.length) {
      throw new IllegalArgumentException(
          "positives \"%d\": must be as many as the %d scores"
              .formatted(positives.length, scores.length));
    }
    long allPositives = 0;
    for (int i = 0; i < scores.length; i++) {
      if (Double.isNaN(scores[i])) {
        throw new IllegalArgumentException("scores[" + i + "] \"NaN\": must be a number");
      }
      allPositives += positives[i] ? 1 : 0;
    }
    int[] order = descending(scores);
    List<Step> steps = new ArrayList<>();
    long hits = 0;
    for (int i = 0; i < order.length; i++) {
      hits += positives[order[i]] ? 1 : 0;
      boolean last = i + 1 == order.length;
      if (last || scores[order[i + 1]] != scores[order[i]]) {
        steps.add(new Step(scores[order[i]], new Counts(hits, i + 1 - hits, allPositives - hits)));
      }
    }
    return steps;
  }

  /**
   * Average precision: the sum of (rise in recall) times precision over all {@link #steps}, without
   * interpolation (scikit-learn's {@code average_precision_score}). NaN without positives, where
   * scikit-learn warns and gives 0.
   */
  public static double averagePrecision(double[] scores, boolean[] positives) {
    double sum = 0;
    long before = 0;
    long all = 0;
    for (Step step : steps(scores, positives)) {
      Counts counts = step.counts();
      sum += (counts.truePositives() - before) * counts.precision();
      before = counts.truePositives();
      all = counts.truth();
    }
    return all == 0 ? Double.NaN : sum / all;
  }

  /**
   * Area under the ROC curve: the share of (positive, negative) pairs in which the positive has the
   * greater score, equal scores counting half (Mann and Whitney 1947). NaN unless both kinds exist.
   */
  public static double auc(double[] scores, boolean[] positives) {
    // Twice the area in unit rectangles, so that ties stay whole numbers.
    long doubled = 0;
    Counts before = Counts.NONE;
    for (Step step : steps(scores, positives)) {
      Counts counts = step.counts();
      long width = counts.falsePositives() - before.falsePositives();
      doubled += width * (counts.truePositives() + before.truePositives());
      before = counts;
    }
    // After the last step everything has passed.
    long pairs = before.truePositives() * before.falsePositives();
    return pairs == 0 ? Double.NaN : doubled / (2.0 * pairs);
  }

  /**
   * Sensitivity index of an area under the ROC curve: the distance, in standard deviations, of two
   * normal distributions that would give it, sqrt(2) times its normal quantile. Infinite for 0 and
   * 1.
   *
   * @see <a href="https://doi.org/10.1109/ICASSP.2017.7952261">Gemmeke et al.: Audio Set, ICASSP
   *     2017</a>
   */
  public static double dPrime(double auc) {
    return Math.sqrt(2) * NormalQuantile.of(auc);
  }

  /** Indices by falling score; equal ones in the order given. */
  static int[] descending(double[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
