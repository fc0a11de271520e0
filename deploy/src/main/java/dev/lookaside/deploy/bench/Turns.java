package dev.lookaside.deploy.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Times several pieces of work in turns: A B C, A B C, ... A disturbance that lasts hits all of
 * them, and the minimum of each is what it costs undisturbed.
 */
final class Turns {
  private final Map<String, Runnable> work = new LinkedHashMap<>();
  private final Map<String, double[]> seconds = new LinkedHashMap<>();

  Turns add(String name, Runnable piece) {
    work.put(name, piece);
    return this;
  }

  /**
   * Runs all.
   *
   * @param warmUps rounds that are not counted
   * @param rounds rounds that are
   */
  Turns run(int warmUps, int rounds) {
    work.keySet().forEach(name -> seconds.put(name, new double[rounds]));
    for (int round = -warmUps; round < rounds; round++) {
      for (Map.Entry<String, Runnable> piece : work.entrySet()) {
        long start = System.nanoTime();
        piece.getValue().run();
        double took = (System.nanoTime() - start) / 1e9;
        if (round >= 0) {
          times(piece.getKey())[round] = took;
        }
      }
    }
    return this;
  }

  double minimum(String name) {
    return Arrays.stream(times(name)).min().orElseThrow();
  }

  double median(String name) {
    return median(times(name));
  }

  /** Median over the rounds of a's time over b's in the same round. */
  double medianRatio(String a, String b) {
    double[] ratios = new double[times(a).length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = times(a)[i] / times(b)[i];
    }
    return median(ratios);
  }

  double minimumRatio(String a, String b) {
    return minimum(a) / minimum(b);
  }

  List<String> names() {
    return new ArrayList<>(work.keySet());
  }

  private double[] times(String name) {
    double[] times = seconds.get(name);
    if (times == null) {
      throw new IllegalArgumentException("work \"" + name + "\": must be one of " + names());
    }
    return times;
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
