package dev.lookaside.trainer.drift;

import java.util.Arrays;

/**
 * A bound that a value exceeds with a known chance at most, whatever its distribution.
 *
 * @see "Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Bates et al.,
 *     Testing for outliers with conformal p-values, arXiv 2104.08279"
 */
final class Conformal {
  private Conformal() {}

  /**
   * The bound: if the next value is exchangeable with the calibration's, it lies above with a
   * chance of at most {@code rate}.
   *
   * @param calibration in any order, not changed
   * @return infinite if there are too few values to tell anything at this rate
   */
  static double bound(double[] calibration, double rate) {
    double[] sorted = calibration.clone();
    Arrays.sort(sorted);
    // The tolerance keeps (1 - .01) * 100 = 99 from becoming 100 by rounding.
    int rank = (int) Math.ceil((1 - rate) * (sorted.length + 1) - 1e-9);
    return rank > sorted.length ? Double.POSITIVE_INFINITY : sorted[Math.max(1, rank) - 1];
  }
}
