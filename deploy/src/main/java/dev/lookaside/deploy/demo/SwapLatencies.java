package dev.lookaside.deploy.demo;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Whether a swap delays windows: how long those around swaps took, and those before. */
final class SwapLatencies {
  private static final Duration AROUND_BEFORE = Duration.ofSeconds(1);
  private static final Duration AROUND_AFTER = Duration.ofSeconds(2);

  /** Of the same length of work: the trainer is at it before a swap as well. */
  private static final Duration BEFORE = Duration.ofSeconds(10);

  private record Taken(Instant capturedUntil, Duration latency) {}

  private final List<Taken> all = new ArrayList<>();

  /** A window was scored. */
  void add(Instant capturedUntil, Duration latency) {
    all.add(new Taken(capturedUntil, latency));
  }

  /**
   * 99th percentiles, NaN where nothing was scored.
   *
   * @param beforeMillis of windows in the 10 s until 1 s before each swap
   * @param aroundMillis of windows from 1 s before to 2 s after each swap
   */
  record P99(double beforeMillis, double aroundMillis) {
    double ratio() {
      // A millisecond is what is measured.
      return aroundMillis / Math.max(1, beforeMillis);
    }
  }

  P99 p99(List<DemoStory.Swap> swaps) {
    Histogram before = LatencyBook.histogram();
    Histogram around = LatencyBook.histogram();
    for (Taken taken : all) {
      Instant at = taken.capturedUntil();
      boolean near = false;
      boolean ahead = false;
      for (DemoStory.Swap swap : swaps) {
        Instant begin = swap.from().minus(AROUND_BEFORE);
        near |= !at.isBefore(begin) && at.isBefore(swap.from().plus(AROUND_AFTER));
        ahead |= at.isBefore(begin) && !at.isBefore(begin.minus(BEFORE));
      }
      if (near || ahead) {
        LatencyBook.record(near ? around : before, taken.latency());
      }
    }
    return new P99(p99(before), p99(around));
  }

  private static double p99(Histogram millis) {
    return millis.getTotalCount() == 0 ? Double.NaN : millis.getValueAtPercentile(99);
  }
}
