package dev.lookaside.trainer.gate;

import java.util.Arrays;
import java.util.Locale;

/** Where a figure probably lies; {@code low} and {@code high} are NaN where nothing is known. */
public record Interval(double low, double high) {
  private static final double DECIMALS = 1e6;

  public Interval {
    low = Math.rint(low * DECIMALS) / DECIMALS;
    high = Math.rint(high * DECIMALS) / DECIMALS;
  }

  /** Percentiles of draws, without those that are NaN. */
  static Interval of(double[] draws, double confidence) {
    double[] sorted = Arrays.stream(draws).filter(d -> !Double.isNaN(d)).sorted().toArray();
    if (sorted.length == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    int tail = (int) Math.floor((1 - confidence) * sorted.length);
    int at = Math.min(tail, (sorted.length - 1) / 2);
    return new Interval(sorted[at], sorted[sorted.length - 1 - at]);
  }

  /** For people, such as {@code -0.05 to 0.20}. */
  String words() {
    return String.format(Locale.ROOT, "%.2f to %.2f", low, high);
  }
}
