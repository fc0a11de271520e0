package dev.lookaside.trainer.metric;

/**
 * What was found rightly, found wrongly and missed.
 *
 * @param truePositives found and true
 * @param falsePositives found, not true
 * @param falseNegatives true, not found
 */
public record Counts(long truePositives, long falsePositives, long falseNegatives) {
  static final Counts NONE = new Counts(0, 0, 0);

  /**
   * @throws IllegalArgumentException if a count is negative
   */
  public Counts {
    requireCount("truePositives", truePositives);
    requireCount("falsePositives", falsePositives);
    requireCount("falseNegatives", falseNegatives);
  }

  private static void requireCount(String field, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(field + " \"" + value + "\": must be 0 or more");
    }
  }

  /** How many there truly are. */
  public long truth() {
    return truePositives + falseNegatives;
  }

  /** How many were found. */
  public long found() {
    return truePositives + falsePositives;
  }

  /** Share of the found that is true; NaN when nothing was found. */
  public double precision() {
    return found() == 0 ? Double.NaN : (double) truePositives / found();
  }

  /** Share of the truth that was found; NaN when there is no truth. */
  public double recall() {
    return truth() == 0 ? Double.NaN : (double) truePositives / truth();
  }

  /**
   * Harmonic mean of precision and recall as 2 TP / (2 TP + FP + FN), which is also defined (0)
   * when only one of the two exists; NaN when there is neither truth nor anything found.
   */
  public double f1() {
    long sum = truth() + found();
    return sum == 0 ? Double.NaN : 2.0 * truePositives / sum;
  }

  public Counts plus(Counts other) {
    return new Counts(
        truePositives + other.truePositives,
        falsePositives + other.falsePositives,
        falseNegatives + other.falseNegatives);
  }
}
