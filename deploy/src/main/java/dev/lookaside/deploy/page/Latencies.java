package dev.lookaside.deploy.page;

import java.util.Arrays;
import java.util.OptionalLong;

/** Quantiles of the newest latencies. Not thread-safe. */
final class Latencies {
  private static final int KEPT = 1_000;

  private final long[] millis = new long[KEPT];
  private long count;

  void add(long latencyMillis) {
    millis[(int) (count++ % KEPT)] = Math.max(0, latencyMillis);
  }

  /** The smallest latency that at least the share {@code part} does not exceed. */
  OptionalLong quantile(double part) {
    int n = (int) Math.min(count, KEPT);
    if (n == 0) {
      return OptionalLong.empty();
    }
    long[] sorted = Arrays.copyOf(millis, n);
    Arrays.sort(sorted);
    return OptionalLong.of(sorted[Math.max((int) Math.ceil(part * n) - 1, 0)]);
  }
}
