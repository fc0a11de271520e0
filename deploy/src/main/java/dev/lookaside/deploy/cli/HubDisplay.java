package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.hub.HubProgress;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** How far a download is: a bar on a terminal, a line now and then elsewhere. */
final class HubDisplay implements HubProgress, AutoCloseable {
  private static final long LINE_EVERY_NANOS = 10_000_000_000L;
  private static final double MB = 1e6;

  private final PrintWriter err;
  private final boolean terminal;
  private @Nullable ProgressBar bar;
  private String file = "";
  private long bytes;
  private long lineAtNanos;

  HubDisplay(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  @Override
  public void begin(String name, long from, long ofBytes) {
    close();
    file = name;
    bytes = ofBytes;
    lineAtNanos = System.nanoTime();
    if (terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(name)
              .setUnit(" MB", (long) MB)
              .setInitialMax(ofBytes)
              .setUpdateIntervalMillis(200)
              .build();
      bar.stepTo(from);
    } else {
      line(from);
    }
  }

  @Override
  public void at(long at) {
    if (bar != null) {
      bar.stepTo(at);
    } else if (System.nanoTime() - lineAtNanos > LINE_EVERY_NANOS) {
      lineAtNanos = System.nanoTime();
      line(at);
    }
  }

  private void line(long at) {
    err.printf(Locale.ROOT, "%s: %.1f of %.1f MB%n", file, at / MB, bytes / MB);
    err.flush();
  }

  @Override
  public void end() {
    close();
  }

  @Override
  public void again(String why) {
    close();
    err.println(file + (file.isEmpty() ? "" : ": ") + why + ", tried again");
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
