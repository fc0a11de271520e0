package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.DoubleFunction;

/** The detection score straight from its definition: every threshold anew, every pair compared. */
final class SlowPsds {
  private SlowPsds() {}

  static List<Double> thresholds(List<ScoreCurve> curves) {
    TreeSet<Double> thresholds = new TreeSet<>();
    for (ScoreCurve curve : curves) {
      for (int i = 0; i < curve.pieces(); i++) {
        if (curve.score(i) > Float.NEGATIVE_INFINITY) {
          thresholds.add((double) curve.score(i));
        }
      }
    }
    return List.copyOf(thresholds);
  }

  static List<Event> runs(List<ScoreCurve> curves, double threshold) {
    return curves.stream().flatMap(curve -> curve.atLeast(threshold).stream()).toList();
  }

  static double psds(
      List<Event> truth,
      List<Double> thresholds,
      DoubleFunction<List<Event>> detections,
      double totalSeconds,
      PsdsCriteria criteria) {
    List<String> labels = truth.stream().map(Event::label).distinct().sorted().toList();
    List<List<double[]>> curves = new ArrayList<>();
    TreeSet<Double> steps = new TreeSet<>();
    for (String label : labels) {
      List<double[]> points = new ArrayList<>();
      points.add(new double[] {0, 0});
      for (double threshold : new TreeSet<>(thresholds)) {
        List<Event> found = of(label, detections.apply(threshold));
        points.add(operatingPoint(label, truth, labels, found, totalSeconds, criteria));
      }
      points.forEach(point -> steps.add(point[0]));
      curves.add(points);
    }
    if (labels.isEmpty()) {
      return Double.NaN;
    }
    double area = 0;
    for (double step : steps) {
      Double next = steps.higher(step);
      double until = Math.min(criteria.maxFalsePerHour(), next == null ? Double.MAX_VALUE : next);
      area += Math.max(0, until - step) * effective(curves, step, criteria.instabilityWeight());
    }
    return area / criteria.maxFalsePerHour();
  }

  /** Effective true positive ratio within a number of false positives per hour. */
  private static double effective(List<List<double[]>> curves, double falsePerHour, double weight) {
    double[] ratios = new double[curves.size()];
    double mean = 0;
    for (int c = 0; c < ratios.length; c++) {
      for (double[] point : curves.get(c)) {
        ratios[c] = point[0] <= falsePerHour ? Math.max(ratios[c], point[1]) : ratios[c];
      }
      mean += ratios[c] / ratios.length;
    }
    double variance = 0;
    for (double ratio : ratios) {
      variance += (ratio - mean) * (ratio - mean) / ratios.length;
    }
    return Math.max(0, mean - weight * Math.sqrt(variance));
  }

  /** Effective false positives per hour and true positive ratio. */
  private static double[] operatingPoint(
      String label,
      List<Event> truth,
      List<String> labels,
      List<Event> found,
      double totalSeconds,
      PsdsCriteria criteria) {
    List<Event> own = of(label, truth);
    List<Event> relevant = new ArrayList<>();
    double falsePositives = 0;
    double[] crossTriggers = new double[labels.size()];
    for (Event detection : found) {
      if (reaches(
          covered(detection, own), criteria.detectionTolerance() * detection.lengthSeconds())) {
        relevant.add(detection);
        continue;
      }
      falsePositives++;
      for (int c = 0; c < crossTriggers.length; c++) {
        double triggered = covered(detection, of(labels.get(c), truth));
        double needed = criteria.crossTriggerTolerance() * detection.lengthSeconds();
        boolean triggers = !labels.get(c).equals(label) && reaches(triggered, needed);
        crossTriggers[c] += triggers ? 1 : 0;
      }
    }
    double hits = 0;
    for (Event event : own) {
      double needed = criteria.truthIntersection() * event.lengthSeconds();
      hits += reaches(covered(event, relevant), needed) ? 1 : 0;
    }
    double crossRates = 0;
    for (int c = 0; c < crossTriggers.length; c++) {
      double sound = of(labels.get(c), truth).stream().mapToDouble(Event::lengthSeconds).sum();
      crossRates += crossTriggers[c] / sound;
    }
    double weight = labels.size() > 1 ? criteria.crossTriggerWeight() / (labels.size() - 1) : 0;
    double rate = falsePositives / totalSeconds + weight * crossRates;
    return new double[] {3600 * rate, hits / own.size()};
  }

  private static boolean reaches(double seconds, double neededSeconds) {
    return seconds >= neededSeconds - 1e-9;
  }

  private static double covered(Event event, List<Event> by) {
    double sum = 0;
    for (Event other : by) {
      if (other.stream().equals(event.stream())) {
        double from = Math.max(event.onsetSeconds(), other.onsetSeconds());
        double until = Math.min(event.offsetSeconds(), other.offsetSeconds());
        sum += Math.max(0, until - from);
      }
    }
    return sum;
  }

  private static List<Event> of(String label, List<Event> events) {
    return events.stream().filter(event -> event.label().equals(label)).toList();
  }
}
