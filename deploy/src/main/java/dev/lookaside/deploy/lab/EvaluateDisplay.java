package dev.lookaside.deploy.lab;

import dev.lookaside.deploy.console.Terminal;
import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** How far an evaluation is: a bar on a terminal, a line now and then elsewhere. */
final class EvaluateDisplay implements AutoCloseable {
  private static final long LINE_EVERY_NANOS = 10_000_000_000L;

  private final String unit;
  private final int all;
  private final PrintWriter err;
  private final @Nullable ProgressBar bar;
  private long lineAtNanos = System.nanoTime();

  EvaluateDisplay(String unit, int all, PrintWriter err) {
    this.unit = unit;
    this.all = all;
    this.err = err;
    this.bar =
        Terminal.interactive()
            ? new ProgressBarBuilder().setTaskName("evaluating").setInitialMax(all).build()
            : null;
  }

  void done(int count) {
    if (bar != null) {
      bar.stepTo(count);
    } else if (System.nanoTime() - lineAtNanos > LINE_EVERY_NANOS) {
      lineAtNanos = System.nanoTime();
      err.printf(Locale.ROOT, "%,d of %,d %s%n", count, all, unit);
      err.flush();
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
