package dev.lookaside.deploy.lab;

import dev.lookaside.trainer.fit.FitProgress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** How far a fit is: a bar on a terminal, a line now and then elsewhere. For the fit's thread. */
final class FitDisplay implements FitProgress, AutoCloseable {
  private static final long LINE_EVERY_NANOS = 10_000_000_000L;

  /** What is shown is the mean over about so many steps. */
  private static final int SHOWN_STEPS = 20;

  private final PrintWriter err;
  private final boolean terminal;
  private @Nullable ProgressBar bar;
  private int heard;
  private double loss;
  private double windowsPerSecond;
  private double stepSeconds;
  private long lineAtNanos = System.nanoTime();

  FitDisplay(PrintWriter err, boolean terminal) {
    this.err = err;
    this.terminal = terminal;
  }

  @Override
  public void begun(long stepsDone) {
    if (stepsDone > 0) {
      err.printf(Locale.ROOT, "resuming after step %,d%n", stepsDone);
    }
    if (terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("fitting")
              .setInitialMax(-1)
              .startsFrom(stepsDone, Duration.ZERO)
              .setUpdateIntervalMillis(200)
              .build();
    }
  }

  @Override
  public void stepped(Step step) {
    heard = Math.min(heard + 1, SHOWN_STEPS);
    loss = smooth(loss, step.loss());
    windowsPerSecond = smooth(windowsPerSecond, step.windowsPerSecond());
    stepSeconds = smooth(stepSeconds, step.seconds());
    ProgressBar shown = bar;
    if (shown != null) {
      shown.maxHint(step.steps());
      shown.stepTo(step.step());
      shown.setExtraMessage(
          String.format(Locale.ROOT, "loss %.4f, %.0f windows/s", loss, windowsPerSecond));
    } else if (System.nanoTime() - lineAtNanos > LINE_EVERY_NANOS || step.step() == step.steps()) {
      lineAtNanos = System.nanoTime();
      err.println(line(step));
      err.flush();
    }
  }

  private String line(Step step) {
    long left = Math.round((step.steps() - step.step()) * stepSeconds);
    Duration d = Duration.ofSeconds(left);
    return String.format(
        Locale.ROOT,
        "epoch %d, step %,d of %,d, loss %.4f, %.0f windows/s, %d:%02d:%02d left",
        step.epoch(),
        step.step(),
        step.steps(),
        loss,
        windowsPerSecond,
        d.toHours(),
        d.toMinutesPart(),
        d.toSecondsPart());
  }

  private double smooth(double before, double now) {
    return before + (now - before) / heard;
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
