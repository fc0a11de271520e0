package dev.lookaside.classifier.infer;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How windows of all streams share batches.
 *
 * @param maxBatch windows scored together at most
 * @param maxDelay how long the oldest window waits for company while the scorer is idle
 * @param queueLimit windows waiting at most; one more is shed
 * @param holdBound how long a window may wait for its adapter before that is an alarm; it waits on
 * @param restartDelay pause before a failed scorer is opened again; doubles up to {@code
 *     restartDelayMax}
 * @param restartDelayMax longest such pause
 */
public record BatchSettings(
    int maxBatch,
    Duration maxDelay,
    int queueLimit,
    Duration holdBound,
    Duration restartDelay,
    Duration restartDelayMax) {
  public BatchSettings {
    check("max-batch", maxBatch, 1, 1024);
    check("queue-limit", queueLimit, maxBatch, 1_000_000);
    check("max-delay-millis", maxDelay.toMillis(), 0, 60_000);
    check("hold-bound-seconds", holdBound.toSeconds(), 1, 86_400);
    check("restart-delay-millis", restartDelay.toMillis(), 1, 60_000);
    check(
        "restart-delay-max-millis", restartDelayMax.toMillis(), restartDelay.toMillis(), 3_600_000);
  }

  /** Reads the block {@code lookaside.classifier.batch}. */
  public static BatchSettings of(Config batch) {
    return new BatchSettings(
        batch.getInt("max-batch"),
        Duration.ofMillis(batch.getLong("max-delay-millis")),
        batch.getInt("queue-limit"),
        Duration.ofSeconds(batch.getLong("hold-bound-seconds")),
        Duration.ofMillis(batch.getLong("restart-delay-millis")),
        Duration.ofMillis(batch.getLong("restart-delay-max-millis")));
  }

  /** Pause before the scorer is opened again after so many failures in a row. */
  Duration restartDelay(int failuresInARow) {
    long millis = restartDelay.toMillis();
    for (int i = 1; i < failuresInARow && millis < restartDelayMax.toMillis(); i++) {
      millis *= 2;
    }
    return Duration.ofMillis(Math.min(millis, restartDelayMax.toMillis()));
  }

  static void check(String field, long value, long least, long most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s \"%d\": must be %d to %d".formatted(field, value, least, most));
    }
  }
}
