package dev.lookaside.deploy.console;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Supplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/**
 * How far a long command is: a bar on a terminal, elsewhere a line every ten seconds. Thread-safe.
 */
public final class Progress implements AutoCloseable {
  /** As the end of something whose length is not known. */
  public static final long UNKNOWN = -1;

  private static final long LINE_EVERY_NANOS = 10_000_000_000L;

  private final PrintWriter err;
  private final @Nullable ProgressBar bar;
  private String units = "";
  private long end = UNKNOWN;
  private long lineAtNanos = System.nanoTime();

  /**
   * Begins at once.
   *
   * @param terminal whether there is one for a bar
   * @param task what is done, in front of the bar
   * @param unit of the numbers behind the bar, with a blank in front
   * @param perUnit steps that are one of it
   * @param from steps that were done before
   * @param end steps in all, {@link #UNKNOWN} if nobody knows yet
   */
  public Progress(
      PrintWriter err,
      boolean terminal,
      String task,
      String unit,
      long perUnit,
      long from,
      long end) {
    this.err = err;
    this.bar =
        terminal
            ? new ProgressBarBuilder()
                .setTaskName(task)
                .setUnit(unit, perUnit)
                .setInitialMax(end)
                .startsFrom(from, Duration.ZERO)
                .setUpdateIntervalMillis(200)
                .build()
            : null;
  }

  /**
   * Of so many things, counted one by one.
   *
   * @param units what they are, for lines
   */
  public static Progress counting(PrintWriter err, String task, long end, String units) {
    Progress counted = new Progress(err, Terminal.interactive(), task, "", 1, 0, end);
    counted.units = units;
    counted.end = end;
    return counted;
  }

  /**
   * So many steps are done.
   *
   * @param end as in the constructor, now
   * @param line for where there is no bar; made only if it is printed
   */
  public synchronized void at(long done, long end, Supplier<String> line) {
    if (bar != null) {
      bar.maxHint(end);
      bar.stepTo(done);
    } else if (System.nanoTime() - lineAtNanos > LINE_EVERY_NANOS) {
      line(line.get());
    }
  }

  /** So many of the things are done. */
  public void counted(long done) {
    at(done, end, () -> String.format(Locale.ROOT, "%,d of %,d %s", done, end, units));
  }

  /** Behind the bar, or as a line of its own, now. */
  public synchronized void note(String text) {
    if (bar != null) {
      bar.setExtraMessage(text);
    } else {
      line(text);
    }
  }

  private void line(String text) {
    lineAtNanos = System.nanoTime();
    err.println(text);
    err.flush();
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
