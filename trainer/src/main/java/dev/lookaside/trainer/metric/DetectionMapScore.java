package dev.lookaside.trainer.metric;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Average precisions of detections.
 *
 * @param tiouThresholds in the order of the values
 * @param classes average precision 0 to 1 at each threshold, for every label with truth
 */
public record DetectionMapScore(
    List<Double> tiouThresholds, SortedMap<String, List<Double>> classes) {

  /** Copies. */
  public DetectionMapScore {
    tiouThresholds = List.copyOf(tiouThresholds);
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
  }

  /**
   * Mean over the classes at one threshold, 0 to 1 (reports multiply by 100); NaN without truth.
   */
  public double map(int threshold) {
    return classes.values().stream()
        .mapToDouble(values -> values.get(threshold))
        .average()
        .orElse(Double.NaN);
  }

  /** Mean of {@link #map} over the thresholds: the challenge's ranking number. */
  public double averageMap() {
    double sum = 0;
    for (int i = 0; i < tiouThresholds.size(); i++) {
      sum += map(i);
    }
    return sum / tiouThresholds.size();
  }
}
