package dev.lookaside.trainer.drift;

import dev.lookaside.trainer.TrainerException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where the embeddings of known kinds of sound lie: a mean for each kind and one diagonal
 * covariance within kinds. A row's distance is that to the nearest mean, so that it does not matter
 * which of the kinds a stream holds how often: a quiet stream is not far for being quiet.
 *
 * @see "Lee et al., A simple unified framework for detecting out-of-distribution samples, arXiv
 *     1807.03888: the Mahalanobis distance to the nearest class mean, covariance shared"
 */
final class Components {
  /** A mean of fewer rows is none. */
  private static final int MIN_ROWS = 8;

  /** Of the mean variance: a direction that never moved must not decide alone. */
  private static final double VARIANCE_FLOOR = .01;

  private final double[][] means;
  private final double[] weights;

  private Components(double[][] means, double[] weights) {
    this.means = means;
    this.weights = weights;
  }

  /** Collects rows of known kinds. */
  static final class Builder {
    private static final class Sums {
      private final double[] sum;
      private final double[] square;
      private int rows;

      Sums(int width) {
        sum = new double[width];
        square = new double[width];
      }
    }

    private final Map<String, Sums> kinds = new TreeMap<>();

    void add(String kind, float[] row) {
      Sums sums = kinds.computeIfAbsent(kind, k -> new Sums(row.length));
      sums.rows++;
      for (int d = 0; d < row.length; d++) {
        sums.sum[d] += row[d];
        sums.square[d] += (double) row[d] * row[d];
      }
    }

    /**
     * The components.
     *
     * @throws TrainerException if there is no kind with enough rows
     */
    Components build() {
      kinds.values().removeIf(s -> s.rows < MIN_ROWS);
      if (kinds.isEmpty()) {
        throw new TrainerException("drift: the reference holds too little sound");
      }
      int width = kinds.values().iterator().next().sum.length;
      double[][] means = new double[kinds.size()][width];
      double[] variance = new double[width];
      long freedom = 0;
      int k = 0;
      for (Sums s : kinds.values()) {
        freedom += s.rows - 1;
        for (int d = 0; d < width; d++) {
          means[k][d] = s.sum[d] / s.rows;
          variance[d] += Math.max(0, s.square[d] - s.sum[d] * means[k][d]);
        }
        k++;
      }
      return new Components(means, weights(variance, freedom));
    }

    /** One over the variance, shared out so that a row of a known kind is about 1 away. */
    private static double[] weights(double[] sums, long freedom) {
      int width = sums.length;
      double mean = 0;
      for (double s : sums) {
        mean += s / freedom / width;
      }
      double[] weights = new double[width];
      for (int d = 0; d < width; d++) {
        double variance = Math.max(sums[d] / freedom, VARIANCE_FLOOR * mean);
        weights[d] = 1 / (Math.max(variance, Double.MIN_NORMAL) * width);
      }
      return weights;
    }
  }

  /** The squared distance to the nearest mean, in variances, averaged over dimensions. */
  double distance(float[] row) {
    double nearest = Double.POSITIVE_INFINITY;
    for (double[] mean : means) {
      double sum = 0;
      for (int d = 0; d < row.length; d++) {
        double off = row[d] - mean[d];
        sum += off * off * weights[d];
      }
      nearest = Math.min(nearest, sum);
    }
    return nearest;
  }

  int kinds() {
    return means.length;
  }
}
