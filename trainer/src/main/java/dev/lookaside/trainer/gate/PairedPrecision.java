package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Evidence.Sound;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Average precision of each class before and after, and how sure their difference is: both adapters
 * score the same sounds, and the same draws of recordings with replacement (a paired bootstrap) say
 * how much the difference changes with the sounds that happened to be there. Pure: the draws come
 * from a fixed seed.
 *
 * @see "Efron, Tibshirani: An Introduction to the Bootstrap, 1993, chapters 8 (clusters) and 13
 *     (percentile intervals)"
 */
public final class PairedPrecision {
  /** Percentiles of a tenth and further out rest on a hundred draws then. */
  private static final int DRAWS = 1_000;

  private static final long SEED = 1;

  /**
   * Of fewer recordings a bootstrap draws next to nothing but the figure itself: its interval would
   * be narrow, and sure, because there is so little.
   */
  private static final int CLUSTERS_MIN = 3;

  private final List<Sound> sounds;
  private final int[] clusterOf;
  private final int clusters;

  /** A class's figures; {@code draws} holds the difference in each draw, NaN where it has none. */
  public record Of(double before, double after, double[] draws) {
    public double difference() {
      return after - before;
    }

    /**
     * The interval of the difference.
     *
     * @param confidence that the true one is not below {@code low}, and as much that it is not
     *     above {@code high}
     */
    public Interval interval(double confidence) {
      return Interval.of(draws, confidence);
    }
  }

  /**
   * @param sounds that both have scored
   */
  public PairedPrecision(List<Sound> sounds) {
    this.sounds = sounds;
    Map<String, Integer> numbers = new LinkedHashMap<>();
    this.clusterOf = new int[sounds.size()];
    for (int i = 0; i < clusterOf.length; i++) {
      String cluster = sounds.get(i).cluster();
      clusterOf[i] = numbers.computeIfAbsent(cluster, c -> numbers.size());
    }
    this.clusters = numbers.size();
  }

  /**
   * Figures of a class.
   *
   * @param index of it among the posteriors
   * @return figures that are NaN if none of the sounds is of the class
   */
  public Of of(String label, int index) {
    return of(label, index, DRAWS);
  }

  /** Whether a class's average precision falls. */
  public boolean isWorse(String label, int index) {
    return of(label, index, 0).difference() < 0;
  }

  private Of of(String label, int index, int count) {
    List<Integer> counted = new ArrayList<>();
    for (int i = 0; i < sounds.size(); i++) {
      Sound s = sounds.get(i);
      if (s.label() != null || label.equals(s.rejected())) {
        counted.add(i);
      }
    }
    int[] rows = counted.stream().mapToInt(Integer::intValue).toArray();
    boolean[] positive = new boolean[rows.length];
    float[] before = new float[rows.length];
    float[] after = new float[rows.length];
    for (int r = 0; r < rows.length; r++) {
      Sound s = sounds.get(rows[r]);
      positive[r] = label.equals(s.label());
      before[r] = s.before().peaks()[index];
      after[r] = s.after().peaks()[index];
    }
    int[] beforeOrder = descending(before);
    int[] afterOrder = descending(after);
    int[] once = new int[rows.length];
    Arrays.fill(once, 1);
    double old = precision(before, beforeOrder, positive, once);
    double own = precision(after, afterOrder, positive, once);
    double[] draws = new double[count];
    if (Arrays.equals(before, after)) {
      return new Of(old, own, draws);
    }
    if (clusters < CLUSTERS_MIN && !Double.isNaN(old)) {
      // Any difference is possible.
      Arrays.setAll(draws, d -> d % 2 == 0 ? -1 : 1);
      return new Of(old, own, draws);
    }
    SplittableRandom random = new SplittableRandom(SEED);
    int[] drawn = new int[clusters];
    int[] times = new int[rows.length];
    for (int d = 0; d < count; d++) {
      Arrays.fill(drawn, 0);
      for (int c = 0; c < clusters; c++) {
        drawn[random.nextInt(clusters)]++;
      }
      for (int r = 0; r < rows.length; r++) {
        times[r] = drawn[clusterOf[rows[r]]];
      }
      draws[d] =
          precision(after, afterOrder, positive, times)
              - precision(before, beforeOrder, positive, times);
    }
    return new Of(old, own, draws);
  }

  private static int[] descending(float[] scores) {
    return IntStream.range(0, scores.length)
        .boxed()
        .sorted((a, b) -> Float.compare(scores[b], scores[a]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** As {@link dev.lookaside.trainer.metric.Ranking#averagePrecision}, each sound so often. */
  private static double precision(float[] scores, int[] order, boolean[] positive, int[] times) {
    double sum = 0;
    long hits = 0;
    long all = 0;
    long before = 0;
    for (int i = 0; i < order.length; i++) {
      int r = order[i];
      all += times[r];
      hits += positive[r] ? times[r] : 0;
      boolean last = i + 1 == order.length || scores[order[i + 1]] != scores[r];
      if (last && hits > before) {
        sum += (hits - before) * ((double) hits / all);
        before = hits;
      }
    }
    return hits == 0 ? Double.NaN : sum / hits;
  }
}
