package dev.lookaside.deploy.service;

import com.typesafe.config.Config;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.settings.DeploySettings;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * The time that a stop may take, {@code lookaside.deploy.stop-timeout-seconds}: one clock for
 * everything that a process stops. It starts with the signal, or with the first part that is
 * stopped; whatever is stopped later has what is left. Any thread.
 */
public final class StopClock {
  private static final long NOT_STARTED = Long.MIN_VALUE;

  private final Duration limit;
  private final LongSupplier nanoTime;
  private final AtomicLong deadlineNanos = new AtomicLong(NOT_STARTED);

  public StopClock(Duration limit) {
    this(limit, System::nanoTime);
  }

  StopClock(Duration limit, LongSupplier nanoTime) {
    this.limit = limit;
    this.nanoTime = nanoTime;
  }

  /**
   * The clock of a process with this configuration.
   *
   * @throws DeployException if the setting is wrong
   */
  public static StopClock of(Config config) {
    return new StopClock(DeploySettings.of(config).stopTimeout());
  }

  /** The time of the setting. */
  public Duration limit() {
    return limit;
  }

  /**
   * Starts the clock if it does not run yet.
   *
   * @return what is left
   */
  public Duration start() {
    deadlineNanos.compareAndSet(NOT_STARTED, nanoTime.getAsLong() + limit.toNanos());
    return left();
  }

  /** What is left, never negative; all of it before {@link #start}. */
  public Duration left() {
    long deadline = deadlineNanos.get();
    return deadline == NOT_STARTED
        ? limit
        : Duration.ofNanos(Math.max(0, deadline - nanoTime.getAsLong()));
  }
}
