package dev.lookaside.trainer.metric;

import java.util.SortedMap;

/** Sums and means over classes that several scores share. */
final class ClassMeans {
  private ClassMeans() {}

  static Counts total(SortedMap<String, Counts> classes) {
    return classes.values().stream().reduce(Counts.NONE, Counts::plus);
  }

  /** Mean F1 of the classes with truth; NaN without any. */
  static double macroF1(SortedMap<String, Counts> classes) {
    return classes.values().stream()
        .filter(counts -> counts.truth() > 0)
        .mapToDouble(Counts::f1)
        .average()
        .orElse(Double.NaN);
  }

  /** Mean of the values that exist (are not NaN); NaN without any. */
  static double meanOfDefined(double[] values) {
    double sum = 0;
    int defined = 0;
    for (double value : values) {
      if (!Double.isNaN(value)) {
        sum += value;
        defined++;
      }
    }
    return defined == 0 ? Double.NaN : sum / defined;
  }
}
