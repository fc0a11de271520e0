package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/** From changes of counts at falling thresholds to the curves of the detection score. */
final class OperatingPoints {
  private OperatingPoints() {}

  /**
   * What changes in one stream when the threshold falls to a score.
   *
   * @param crossTriggers change by class; empty when nothing changes
   */
  @SuppressWarnings("ArrayRecordComponent") // Neither compared nor printed.
  record Delta(double threshold, long truePositives, long falsePositives, long[] crossTriggers) {}

  /** Writes down how a counter changes from threshold to threshold. */
  static final class Recorder {
    private final IntersectionCounter counter;
    private final List<Delta> deltas;
    private final long[] crossTriggers;
    private long truePositives;
    private long falsePositives;

    /**
     * Writes down what changes from now on.
     *
     * @param deltas appended to
     */
    Recorder(IntersectionCounter counter, List<Delta> deltas) {
      this.counter = counter;
      this.deltas = deltas;
      crossTriggers = new long[counter.crossTriggers().length];
    }

    void settled(double threshold) {
      long[] now = counter.crossTriggers();
      long[] changes = new long[0];
      if (!Arrays.equals(now, crossTriggers)) {
        changes = new long[now.length];
        for (int c = 0; c < now.length; c++) {
          changes[c] = now[c] - crossTriggers[c];
          crossTriggers[c] = now[c];
        }
      }
      long moreTrue = counter.truePositives() - truePositives;
      long moreFalse = counter.falsePositives() - falsePositives;
      if (moreTrue != 0 || moreFalse != 0 || changes.length > 0) {
        deltas.add(new Delta(threshold, moreTrue, moreFalse, changes));
        truePositives += moreTrue;
        falsePositives += moreFalse;
      }
    }
  }

  /** Effective false positives per hour of counts over all streams. */
  interface Rate {
    /**
     * Rate of these counts.
     *
     * @param crossTriggers by class; not retained
     */
    double of(long falsePositives, long[] crossTriggers);
  }

  /**
   * Operating points of one class over all streams, by falling threshold; the first detects
   * nothing.
   */
  static List<PsdsScore.Point> accumulate(List<Delta> deltas, long truths, Rate rate) {
    List<Delta> ranked =
        deltas.stream().sorted(Comparator.comparingDouble(Delta::threshold).reversed()).toList();
    int classes = ranked.stream().mapToInt(delta -> delta.crossTriggers.length).max().orElse(0);
    long[] crossTriggers = new long[classes];
    long truePositives = 0;
    long falsePositives = 0;
    List<PsdsScore.Point> points = new ArrayList<>();
    points.add(new PsdsScore.Point(0, 0, Double.POSITIVE_INFINITY));
    for (int i = 0; i < ranked.size(); i++) {
      Delta delta = ranked.get(i);
      truePositives += delta.truePositives;
      falsePositives += delta.falsePositives;
      for (int c = 0; c < delta.crossTriggers.length; c++) {
        crossTriggers[c] += delta.crossTriggers[c];
      }
      if (i + 1 == ranked.size() || ranked.get(i + 1).threshold != delta.threshold) {
        points.add(
            new PsdsScore.Point(
                rate.of(falsePositives, crossTriggers),
                (double) truePositives / truths,
                delta.threshold));
      }
    }
    return points;
  }

  /** Best true positive ratio within each number of false positives. */
  static PsdsScore.Staircase envelope(List<PsdsScore.Point> points) {
    List<PsdsScore.Point> ranked =
        points.stream()
            .sorted(
                Comparator.comparingDouble(PsdsScore.Point::falsePerHour)
                    .thenComparing(
                        Comparator.comparingDouble(PsdsScore.Point::truePositiveRatio).reversed()))
            .toList();
    List<PsdsScore.Point> best = new ArrayList<>();
    for (PsdsScore.Point point : ranked) {
      if (best.isEmpty()
          || point.truePositiveRatio() > best.get(best.size() - 1).truePositiveRatio()) {
        best.add(point);
      }
    }
    return new PsdsScore.Staircase(best);
  }

  /** Mean less weighted spread of the classes' curves, wherever one of them steps. */
  static PsdsScore.Staircase effective(List<PsdsScore.Staircase> classes, PsdsCriteria criteria) {
    double[] steps =
        classes.stream()
            .flatMap(curve -> curve.points().stream())
            .mapToDouble(PsdsScore.Point::falsePerHour)
            .filter(rate -> rate <= criteria.maxFalsePerHour())
            .sorted()
            .distinct()
            .toArray();
    if (classes.isEmpty()) {
      steps = new double[] {0};
    }
    int[] next = new int[classes.size()];
    double[] ratios = new double[classes.size()];
    List<PsdsScore.Point> points = new ArrayList<>();
    for (double step : steps) {
      for (int c = 0; c < ratios.length; c++) {
        List<PsdsScore.Point> curve = classes.get(c).points();
        while (next[c] < curve.size() && curve.get(next[c]).falsePerHour() <= step) {
          ratios[c] = curve.get(next[c]++).truePositiveRatio();
        }
      }
      points.add(
          new PsdsScore.Point(step, ratio(ratios, criteria.instabilityWeight()), Double.NaN));
    }
    return new PsdsScore.Staircase(points);
  }

  private static double ratio(double[] ratios, double instabilityWeight) {
    double mean = Arrays.stream(ratios).average().orElse(Double.NaN);
    double squares = 0;
    for (double ratio : ratios) {
      squares += (ratio - mean) * (ratio - mean);
    }
    double deviation = Math.sqrt(squares / ratios.length);
    return Math.max(0, mean - instabilityWeight * deviation);
  }
}
