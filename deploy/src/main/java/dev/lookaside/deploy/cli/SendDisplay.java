package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.service.Metrics;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.send.SendProgress;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** How far sending is: a bar on a terminal, a line now and then elsewhere. Thread-safe. */
final class SendDisplay implements SendProgress, AutoCloseable {
  private static final long MILLIS_PER_SECOND = 1000;
  private static final long LINE_EVERY_NANOS = 10_000_000_000L;

  private final PrintWriter err;
  private final @Nullable ProgressBar bar;
  private final Metrics metrics;
  private final Map<StreamId, Long> sentMillis = new HashMap<>();
  private final Map<StreamId, Long> lengthMillis = new HashMap<>();
  private long lineAtNanos = System.nanoTime();

  private SendDisplay(PrintWriter err, @Nullable ProgressBar bar, Metrics metrics) {
    this.err = err;
    this.metrics = metrics;
    this.bar = bar;
  }

  static SendDisplay of(PrintWriter err, boolean terminal, Metrics metrics) {
    ProgressBar bar =
        terminal
            ? new ProgressBarBuilder()
                .setTaskName("sending")
                .setUnit(" s", MILLIS_PER_SECOND)
                .setInitialMax(-1)
                .setUpdateIntervalMillis(200)
                .build()
            : null;
    return new SendDisplay(err, bar, metrics);
  }

  @Override
  public synchronized void sent(StreamId stream, long sentFrames, long lengthFrames, int rateHz) {
    sentMillis.put(stream, sentFrames * MILLIS_PER_SECOND / rateHz);
    // Of a live source only the end will tell.
    lengthMillis.put(stream, lengthFrames < 0 ? -1 : lengthFrames * MILLIS_PER_SECOND / rateHz);
    long sent = sentMillis.values().stream().mapToLong(Long::longValue).sum();
    if (bar != null) {
      boolean known = lengthMillis.values().stream().allMatch(length -> length >= 0);
      long length = lengthMillis.values().stream().mapToLong(Long::longValue).sum();
      bar.maxHint(known ? length : -1);
      bar.stepTo(sent);
    } else if (System.nanoTime() - lineAtNanos > LINE_EVERY_NANOS) {
      lineAtNanos = System.nanoTime();
      err.printf(
          Locale.ROOT,
          "%.1f s sent, %d streams%n",
          (double) sent / MILLIS_PER_SECOND,
          sentMillis.size());
      err.flush();
    }
  }

  @Override
  public synchronized void noticed(StreamId stream, String text) {
    Send.warn(err, text);
  }

  @Override
  public void reconnected(StreamId stream, long missingFrames, int rateHz) {
    metrics.reconnected(stream, (double) missingFrames / rateHz);
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
