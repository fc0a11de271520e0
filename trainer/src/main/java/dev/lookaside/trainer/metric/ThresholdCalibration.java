package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Chooses each class's threshold where F1 on validation data is greatest. The choice is exact:
 * every distinct score is tried. Of equally good ones the greatest wins (fewest false alarms). All
 * thresholds down to the next step give the same counts, so the middle between the two is given:
 * new data then has the same room on both sides.
 */
public final class ThresholdCalibration {
  private ThresholdCalibration() {}

  /**
   * A threshold and how good it is on the data it was chosen on.
   *
   * @param value scores of at least this count as detected
   * @param counts with this threshold
   */
  public record Calibrated(double value, Counts counts) {
    /** F1 on the data it was chosen on: an optimistic number. */
    public double f1() {
      return counts.f1();
    }
  }

  /**
   * An on and an off threshold and how good the pair is on the data it was chosen on.
   *
   * @param on opens an event
   * @param off below it an open event closes; at most {@code on}
   * @param counts with this pair
   */
  public record CalibratedPair(double on, double off, Counts counts) {
    /** F1 on the data it was chosen on: an optimistic number. */
    public double f1() {
      return counts.f1();
    }
  }

  /** Events of one label that a decoder makes of the validation data. */
  @FunctionalInterface
  public interface Decoder {
    /** Detections of one label in all streams with these thresholds; must be pure. */
    List<Event> decode(double on, double off);
  }

  /**
   * The step of greatest F1.
   *
   * @param steps by falling threshold, as {@link Ranking#steps} and {@link EventCurve#steps} give
   *     them
   * @return empty if no step finds anything true
   */
  public static Optional<Calibrated> best(List<Ranking.Step> steps) {
    int best = -1;
    double bestF1 = 0;
    for (int i = 0; i < steps.size(); i++) {
      double f1 = steps.get(i).counts().f1();
      if (f1 > bestF1) {
        best = i;
        bestF1 = f1;
      }
    }
    if (best < 0) {
      return Optional.empty();
    }
    double threshold = steps.get(best).threshold();
    if (best + 1 < steps.size()) {
      double next = steps.get(best + 1).threshold();
      double middle = next + (threshold - next) / 2;
      // Not for neighbouring numbers, nor where the next one is infinitely far.
      threshold = middle > next && middle < threshold ? middle : threshold;
    }
    return Optional.of(new Calibrated(threshold, steps.get(best).counts()));
  }

  /**
   * Thresholds for clips (or frames, or windows) that have labels or not.
   *
   * @param labels of the columns
   * @param scores {@code [clips][labels]}, no NaN
   * @param targets {@code [clips][labels]}
   * @return by label; one without a positive clip is absent and keeps whatever it had
   */
  public static SortedMap<String, Calibrated> ofClips(
      List<String> labels, float[][] scores, boolean[][] targets) {
    SortedMap<String, Calibrated> result = new TreeMap<>();
    for (int c = 0; c < labels.size(); c++) {
      double[] column = new double[scores.length];
      boolean[] positives = new boolean[scores.length];
      for (int i = 0; i < scores.length; i++) {
        column[i] = scores[i][c];
        positives[i] = targets[i][c];
      }
      String label = labels.get(c);
      best(Ranking.steps(column, positives)).ifPresent(found -> result.put(label, found));
    }
    return result;
  }

  /**
   * Thresholds of greatest event F1 when runs of scores that reach them are the detections.
   *
   * @param truth true events of all streams and labels
   * @param curves at most one per stream and label
   * @return by label; one whose events are never found is absent and keeps whatever it had
   */
  public static SortedMap<String, Calibrated> ofCurves(
      List<Event> truth, List<ScoreCurve> curves, Collars collars) {
    Map<String, List<ScoreCurve>> curvesOf =
        curves.stream().collect(Collectors.groupingBy(ScoreCurve::label));
    Map<String, List<Event>> truthOf = truth.stream().collect(Collectors.groupingBy(Event::label));
    SortedMap<String, Calibrated> result = new TreeMap<>();
    curvesOf.forEach(
        (label, its) ->
            best(EventCurve.steps(label, truthOf.getOrDefault(label, List.of()), its, collars))
                .ifPresent(found -> result.put(label, found)));
    return result;
  }

  /**
   * The pair of greatest event F1 for a decoder with hysteresis, by trying all pairs of one on
   * threshold and one share of it. Where neighbouring on thresholds are equally good, the middle
   * one of the most of them is taken, and of equally many the greatest on, then the greatest off: a
   * few events leave wide gaps, and at either end of a gap new data has no room.
   *
   * @param truth true events of the label in all streams
   * @param ons candidates, rising, for instance those of {@link EventCurve#steps}
   * @param offShares candidates for off / on, each in (0, 1]
   * @return empty if no pair finds anything true
   * @throws IllegalArgumentException if a share is out of range
   */
  public static Optional<CalibratedPair> ofDecoder(
      List<Event> truth, double[] ons, double[] offShares, Collars collars, Decoder decoder) {
    CalibratedPair best = null;
    int most = 0;
    for (double share : offShares) {
      if (!(share > 0 && share <= 1)) {
        throw new IllegalArgumentException(
            "offShares \"" + share + "\": must be above 0 and at most 1");
      }
      List<CalibratedPair> pairs = new ArrayList<>();
      for (double on : ons) {
        double off = on * share;
        pairs.add(
            new CalibratedPair(
                on, off, EventF1.of(truth, decoder.decode(on, off), collars).total()));
      }
      for (int from = 0, until; from < pairs.size(); from = until) {
        until = from + 1;
        while (until < pairs.size() && pairs.get(until).f1() == pairs.get(from).f1()) {
          until++;
        }
        CalibratedPair middle = pairs.get((from + until) / 2);
        int count = until - from;
        if (middle.counts.truePositives() > 0
            && (best == null || isBetter(middle, count, best, most))) {
          best = middle;
          most = count;
        }
      }
    }
    return Optional.ofNullable(best);
  }

  private static boolean isBetter(
      CalibratedPair pair, int alike, CalibratedPair than, int thanAlike) {
    if (pair.f1() != than.f1()) {
      return pair.f1() > than.f1();
    }
    if (alike != thanAlike) {
      return alike > thanAlike;
    }
    return pair.on != than.on ? pair.on > than.on : pair.off > than.off;
  }
}
