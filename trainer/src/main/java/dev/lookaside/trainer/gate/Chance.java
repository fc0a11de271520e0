package dev.lookaside.trainer.gate;

import java.util.List;

/** How likely so many come about by chance. Pure; exact for the few sounds that corrections are. */
final class Chance {
  /** Steps from 0 to 1 of shares that are summed: far finer than a dozen classes make them. */
  private static final int GRID = 60;

  private Chance() {}

  /**
   * The chance that at least {@code hits} of {@code trials} independent trials succeed: the upper
   * tail of the binomial distribution.
   *
   * @param share chance of one trial, 0 to 1
   */
  static double atLeast(int hits, int trials, double share) {
    if (hits <= 0) {
      return 1;
    }
    if (share <= 0) {
      return 0;
    }
    if (share >= 1) {
      return hits <= trials ? 1 : 0;
    }
    double sum = 0;
    double logChoose = 0;
    for (int i = 0; i <= trials; i++) {
      if (i >= hits) {
        sum += Math.exp(logChoose + i * Math.log(share) + (trials - i) * Math.log1p(-share));
      }
      logChoose += Math.log(trials - i) - Math.log(i + 1);
    }
    return Math.min(1, sum);
  }

  /**
   * The chance that at least {@code hits} happen where {@code expected} are expected and none
   * depends on another: the upper tail of the Poisson distribution.
   */
  static double atLeast(int hits, double expected) {
    double below = 0;
    double term = Math.exp(-expected);
    for (int i = 0; i < hits; i++) {
      below += term;
      term *= expected / (i + 1);
    }
    return Math.max(0, 1 - below);
  }

  /**
   * The chance that a few values drawn from the same source as many others lie as high among them
   * or higher: the exact tail of the Mann-Whitney U distribution.
   *
   * @param few how many, at least 1
   * @param others how many others, at least 1
   * @param share of the pairs of one of the few and one other in which the one of the few is
   *     higher, 0 to 1; half of those that are equal count
   */
  static double ranked(int few, int others, double share) {
    int pairs = few * others;
    int lower = pairs - (int) (share * pairs + 1e-9);
    // Arrangements by how many pairs are the wrong way round: the coefficients of the Gaussian
    // binomial, product over i of (1 - q^(others + i)) / (1 - q^i).
    double[] ways = new double[pairs + 1];
    ways[0] = 1;
    for (int i = 1; i <= few; i++) {
      for (int u = pairs; u >= others + i; u--) {
        ways[u] -= ways[u - others - i];
      }
      for (int u = i; u <= pairs; u++) {
        ways[u] += ways[u - i];
      }
    }
    double all = 0;
    double tail = 0;
    for (int u = 0; u <= pairs; u++) {
      all += ways[u];
      tail += u <= lower ? ways[u] : 0;
    }
    return tail / all;
  }

  /**
   * The chance that as many independent shares have as large a sum or a larger one, if each is beta
   * distributed. Counted on a grid.
   *
   * @param shares 0 to 1 each; 1 if there are none
   * @param mean of the distribution, 0 to 1
   * @param concentration of the distribution, above 0: the greater, the nearer to its mean
   */
  static double summed(List<Double> shares, double mean, double concentration) {
    double[] one = new double[GRID];
    double all = 0;
    for (int i = 0; i < GRID; i++) {
      double x = (i + .5) / GRID;
      one[i] =
          StrictMath.pow(x, mean * concentration - 1)
              * StrictMath.pow(1 - x, (1 - mean) * concentration - 1);
      all += one[i];
    }
    double[] sums = {1};
    for (int n = 0; n < shares.size(); n++) {
      double[] more = new double[sums.length + GRID - 1];
      for (int s = 0; s < sums.length; s++) {
        for (int i = 0; i < GRID; i++) {
          more[s + i] += sums[s] * one[i] / all;
        }
      }
      sums = more;
    }
    double found = shares.stream().mapToDouble(Double::doubleValue).sum();
    double tail = 0;
    for (int s = 0; s < sums.length; s++) {
      tail += (s + .5 * shares.size()) / GRID >= found - 1e-9 ? sums[s] : 0;
    }
    return Math.min(1, tail);
  }
}
