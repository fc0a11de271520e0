package dev.lookaside.classifier.detect;

import dev.lookaside.featurizer.Counts;
import dev.lookaside.ingest.ProgressBytes;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where a stream's samples went since its first record, across restarts: part of the stream's
 * progress, so that it is committed together with the detections. Not thread-safe.
 *
 * <p>{@code received = scored + skipped + shed + rejected + uncovered + pending}; {@code gap} was
 * never received. {@code pending} is what waits for its window, and 0 when the stream has ended.
 * Samples are kept per native rate, because a sender may change it.
 */
public final class StreamAccounts {
  private final TreeMap<Integer, Samples> byRate = new TreeMap<>();

  /** Native samples of one rate. */
  private static final class Samples {
    private long received;
    private long scored;
    private long skipped;
    private long shed;
    private long rejected;
    private long uncovered;
    private long gap;
  }

  /**
   * Seconds of audio.
   *
   * @param received accepted or rejected; a repeat counts once
   * @param scored in windows that were scored
   * @param skipped in windows that the silence gate kept back
   * @param shed in windows that were not scored for want of time
   * @param rejected in records that went to the dead letters
   * @param uncovered in no window: pieces too short for one, before the first or after the last
   * @param gap never received
   * @param pending received, not yet in a window
   */
  public record Seconds(
      double received,
      double scored,
      double skipped,
      double shed,
      double rejected,
      double uncovered,
      double gap,
      double pending) {}

  void add(Counts counts, int rateHz) {
    if (rateHz > 0) {
      Samples s = of(rateHz);
      s.received += counts.receivedSamples();
      s.rejected += counts.rejectedSamples();
      s.uncovered += counts.uncoveredSamples();
      s.gap += counts.gapSamples();
    }
  }

  void window(StreamDetector.Outcome outcome, long samples, int rateHz) {
    Samples s = of(rateHz);
    switch (outcome) {
      case SCORED -> s.scored += samples;
      case SKIPPED -> s.skipped += samples;
      case SHED -> s.shed += samples;
    }
  }

  /** What waited for a window has lost its segment. */
  void dropPending(int rateHz) {
    Samples s = of(rateHz);
    s.uncovered += pending(s);
  }

  /** All of it in seconds. */
  public Seconds seconds() {
    double[] sum = new double[8];
    byRate.forEach(
        (rate, s) -> {
          long[] samples = {
            s.received, s.scored, s.skipped, s.shed, s.rejected, s.uncovered, s.gap, pending(s)
          };
          for (int i = 0; i < sum.length; i++) {
            sum[i] += (double) samples[i] / rate;
          }
        });
    return new Seconds(sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7]);
  }

  /** Samples that wait for their window, per rate; none where all is accounted for. */
  Map<Integer, Long> pendingSamples() {
    Map<Integer, Long> open = new TreeMap<>();
    byRate.forEach(
        (rate, s) -> {
          if (pending(s) != 0) {
            open.put(rate, pending(s));
          }
        });
    return open;
  }

  private static long pending(Samples s) {
    return s.received - s.scored - s.skipped - s.shed - s.rejected - s.uncovered;
  }

  private Samples of(int rateHz) {
    return byRate.computeIfAbsent(rateHz, rate -> new Samples());
  }

  void write(ProgressBytes.Writer out) {
    out.int32(byRate.size());
    byRate.forEach(
        (rate, s) -> {
          out.int32(rate).int64(s.received).int64(s.scored).int64(s.skipped).int64(s.shed);
          out.int64(s.rejected).int64(s.uncovered).int64(s.gap);
        });
  }

  static StreamAccounts read(ProgressBytes.Reader in) {
    StreamAccounts accounts = new StreamAccounts();
    for (int left = in.count(Integer.BYTES); left > 0; left--) {
      int rateHz = in.int32();
      if (rateHz < 1) {
        throw in.bad("a rate of " + rateHz + " Hz");
      }
      Samples s = accounts.of(rateHz);
      s.received = in.int64();
      s.scored = in.int64();
      s.skipped = in.int64();
      s.shed = in.int64();
      s.rejected = in.int64();
      s.uncovered = in.int64();
      s.gap = in.int64();
    }
    return accounts;
  }
}
