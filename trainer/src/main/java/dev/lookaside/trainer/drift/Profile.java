package dev.lookaside.trainer.drift;

import java.util.List;

/**
 * What posteriors look like: per class a histogram, the mean, and how often an event begins. Only
 * grows. Histograms are compared by the Jensen-Shannon divergence in bits, 0 for equal ones and 1
 * for those that share nothing, averaged over classes.
 *
 * @see "Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37, 1991;
 *     Rabanser et al., Failing loudly, arXiv 1810.11953, on testing a model's outputs for shift"
 */
final class Profile {
  /** Narrow where most posteriors lie, and around those of no information. */
  private static final float[] EDGES = {
    .01f, .02f, .05f, .1f, .2f, .35f, .5f, .65f, .8f, .9f, .95f
  };

  private static final int BINS = EDGES.length + 1;
  private static final double SECONDS_PER_HOUR = 3600;

  private final long[][] counts;
  private final double[] sums;
  private final long[] onsets;
  private long rows;
  private double seconds;

  Profile(int classes) {
    counts = new long[classes][BINS];
    sums = new double[classes];
    onsets = new long[classes];
  }

  /**
   * Adds the first windows of a look.
   *
   * @param on per class, the posterior at which an event begins
   * @param off per class, the posterior below which it ends
   */
  void add(Sample look, int windows, float[] on, float[] off) {
    int until = windows * look.rowsPerWindow();
    boolean[] sounds = new boolean[sums.length];
    for (int r = 0; r < until; r++) {
      float[] row = look.posteriors()[r];
      for (int c = 0; c < sums.length; c++) {
        counts[c][bin(row[c])]++;
        sums[c] += row[c];
        boolean begins = !sounds[c] && row[c] >= on[c];
        onsets[c] += begins ? 1 : 0;
        sounds[c] = begins || sounds[c] && row[c] >= off[c];
      }
    }
    rows += until;
    seconds += windows * look.windowSeconds();
  }

  private static int bin(float posterior) {
    int bin = 0;
    while (bin < EDGES.length && posterior >= EDGES[bin]) {
      bin++;
    }
    return bin;
  }

  /** Both must hold something. */
  double divergence(Profile other) {
    double sum = 0;
    for (int c = 0; c < counts.length; c++) {
      sum += jensenShannon(counts[c], rows, other.counts[c], other.rows);
    }
    return sum / counts.length;
  }

  static double jensenShannon(long[] a, long rowsA, long[] b, long rowsB) {
    double divergence = 0;
    for (int i = 0; i < a.length; i++) {
      double p = (double) a[i] / rowsA;
      double q = (double) b[i] / rowsB;
      divergence += .5 * (part(p, (p + q) / 2) + part(q, (p + q) / 2));
    }
    // Rounding must not make equal histograms negative.
    return Math.max(0, divergence);
  }

  private static double part(double p, double middle) {
    return p == 0 ? 0 : p * Math.log(p / middle) / Math.log(2);
  }

  /** By class, against those of the reference. */
  List<ClassShift> shifts(List<String> labels, Profile reference) {
    return java.util.stream.IntStream.range(0, sums.length)
        .mapToObj(
            c ->
                new ClassShift(
                    labels.get(c),
                    mean(c),
                    reference.mean(c),
                    eventsPerHour(c),
                    reference.eventsPerHour(c)))
        .toList();
  }

  private double mean(int c) {
    return sums[c] / Math.max(1, rows);
  }

  private double eventsPerHour(int c) {
    return seconds == 0 ? 0 : onsets[c] * SECONDS_PER_HOUR / seconds;
  }
}
