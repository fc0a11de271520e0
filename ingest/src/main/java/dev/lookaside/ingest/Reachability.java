package dev.lookaside.ingest;

import java.util.OptionalLong;

/** Decides when silence of all brokers is worth a report. Pure; times in milliseconds. */
final class Reachability {
  private static final long NEVER = Long.MIN_VALUE;

  private final long afterMillis;
  private final long intervalMillis;
  private double bytesIn = -1;
  private long answeredMillis;
  private long reportedMillis = NEVER;

  Reachability(long afterMillis, long intervalMillis, long nowMillis) {
    this.afterMillis = afterMillis;
    this.intervalMillis = intervalMillis;
    this.answeredMillis = nowMillis;
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
    return answered(nowMillis);
  }

  /** A broker has answered. True if silence was reported before. */
  boolean answered(long nowMillis) {
    boolean back = away();
    answeredMillis = nowMillis;
    reportedMillis = NEVER;
    return back;
  }

  /** Length of the silence if it is time to report it; empty if not. */
  OptionalLong due(long nowMillis) {
    long silent = nowMillis - answeredMillis;
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
    return nowMillis - answeredMillis;
  }

  /** True from a report until a broker answers. */
  boolean away() {
    return reportedMillis != NEVER;
  }
}
