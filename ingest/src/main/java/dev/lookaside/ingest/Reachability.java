package dev.lookaside.ingest;

import java.util.OptionalLong;

/** Decides when silence of all brokers is worth a report. Pure; times in milliseconds. */
final class Reachability {
  private static final long NEVER = Long.MIN_VALUE;

  private final long afterMillis;
  private final long intervalMillis;
  private double bytesIn = -1;
  private long heardMillis;
  private long reportedMillis = NEVER;

  Reachability(long afterMillis, long intervalMillis, long nowMillis) {
    this.afterMillis = afterMillis;
    this.intervalMillis = intervalMillis;
    this.heardMillis = nowMillis;
  }

  /**
   * Takes note of the bytes received so far. Heartbeats add some every few seconds, so a total that
   * stands still means that nobody answers.
   *
   * @return true if brokers answer again after silence was reported
   */
  boolean bytesIn(double total, long nowMillis) {
    if (total == bytesIn) {
      return false;
    }
    bytesIn = total;
    return heard(nowMillis);
  }

  /** A broker has answered. True if silence was reported before. */
  boolean heard(long nowMillis) {
    boolean back = away();
    heardMillis = nowMillis;
    reportedMillis = NEVER;
    return back;
  }

  /** Length of the silence if it is time to report it; empty if not. */
  OptionalLong due(long nowMillis) {
    long silent = nowMillis - heardMillis;
    boolean due =
        silent >= afterMillis
            && (reportedMillis == NEVER || nowMillis - reportedMillis >= intervalMillis);
    if (!due) {
      return OptionalLong.empty();
    }
    reportedMillis = nowMillis;
    return OptionalLong.of(silent);
  }

  /** An attempt to connect has failed: reported at once. Length of the silence. */
  long failed(long nowMillis) {
    reportedMillis = nowMillis;
    return nowMillis - heardMillis;
  }

  /** True from a report until a broker answers. */
  boolean away() {
    return reportedMillis != NEVER;
  }
}
