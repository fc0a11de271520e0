package dev.lookaside.trainer.metric;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Polyphonic sound detection score and its curves.
 *
 * @param psds area under {@code effective} over its full width, 0 to 1; NaN without truth
 * @param effective effective true positive ratio (mean over classes minus weighted spread, at least
 *     0) by effective false positives per hour
 * @param classes of every label with truth: best true positive ratio by effective false positives
 *     per hour
 */
public record PsdsScore(double psds, Staircase effective, SortedMap<String, Staircase> classes) {
  /** Copies. */
  public PsdsScore {
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
  }

  /**
   * A curve that keeps each value until the next point.
   *
   * @param points by rising false positives, the first at 0
   */
  public record Staircase(List<Point> points) {
    /** Copies. */
    public Staircase {
      points = List.copyOf(points);
    }

    /** Area from 0 to {@code maxFalsePerHour}, divided by that width. */
    public double area(double maxFalsePerHour) {
      double area = 0;
      for (int i = 0; i < points.size(); i++) {
        double from = points.get(i).falsePerHour();
        double until = i + 1 < points.size() ? points.get(i + 1).falsePerHour() : maxFalsePerHour;
        area +=
            points.get(i).truePositiveRatio()
                * Math.max(0, Math.min(until, maxFalsePerHour) - from);
      }
      return area / maxFalsePerHour;
    }
  }

  /**
   * A point of a curve.
   *
   * @param falsePerHour effective false positives per hour
   * @param truePositiveRatio share of true events found, or its mean over classes
   * @param threshold the score that gives it; infinity for no detection at all, NaN for a mean
   */
  public record Point(double falsePerHour, double truePositiveRatio, double threshold) {}
}
