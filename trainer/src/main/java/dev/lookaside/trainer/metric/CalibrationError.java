package dev.lookaside.trainer.metric;

/**
 * Expected calibration error of binary probabilities: over bins of equal width the mean of |mean
 * probability - share of positives|, weighted by how many fall into each (Naeini et al., Obtaining
 * Well Calibrated Probabilities Using Bayesian Binning, AAAI 2015).
 */
public final class CalibrationError {
  private final double[] sums;
  private final long[] positives;
  private final long[] counts;
  private long all;

  /**
   * @param bins at least 1
   */
  public CalibrationError(int bins) {
    if (bins < 1) {
      throw new IllegalArgumentException("bins \"" + bins + "\": must be at least 1");
    }
    sums = new double[bins];
    positives = new long[bins];
    counts = new long[bins];
  }

  /**
   * One probability and what was true.
   *
   * @param probability 0 to 1
   */
  public void add(double probability, boolean positive) {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException(
          "probability \"" + probability + "\": must be from 0 to 1");
    }
    int bin = Math.min(counts.length - 1, (int) (probability * counts.length));
    sums[bin] += probability;
    positives[bin] += positive ? 1 : 0;
    counts[bin]++;
    all++;
  }

  /** The error, 0 to 1; NaN if nothing was added. */
  public double value() {
    double error = 0;
    for (int b = 0; b < counts.length; b++) {
      error += Math.abs(sums[b] - positives[b]);
    }
    return all == 0 ? Double.NaN : error / all;
  }
}
