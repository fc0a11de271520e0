package dev.lookaside.trainer.metric;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Result of a segment comparison.
 *
 * @param classes segments in which each label is active in both, in the output only, in the truth
 *     only
 * @param substitutions labels active in the output in place of others, summed over segments
 * @param deletions further true labels the output lacks
 * @param insertions further labels of the output that are not true
 */
public record SegmentScore(
    SortedMap<String, Counts> classes, long substitutions, long deletions, long insertions) {

  /** Copies. */
  public SegmentScore {
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
  }

  /** Counts of all labels together. */
  public Counts total() {
    return ClassMeans.total(classes);
  }

  /** F1 of {@link #total}; NaN when nothing is active. */
  public double microF1() {
    return total().f1();
  }

  /** Mean F1 over the labels that have truth; NaN without any. */
  public double macroF1() {
    return ClassMeans.macroF1(classes);
  }

  /**
   * (substitutions + deletions + insertions) / active true (segment, label) pairs. Can exceed 1;
   * NaN without truth.
   */
  public double errorRate() {
    long truth = total().truth();
    return truth == 0 ? Double.NaN : (double) (substitutions + deletions + insertions) / truth;
  }
}
