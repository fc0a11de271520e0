package dev.lookaside.classifier.infer;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How windows of all streams share batches.
 *
 * @param maxBatch windows scored together at most
 * @param maxDelay how long the oldest window waits for company while the scorer is idle
 * @param holdBound how long a window may wait for its adapter before that is an alarm; it waits on
 * @param weights windows that a stream may have scored in one turn, by patterns of stream ids: the
 *     greatest of those that match, else 1; {@code *} stands for any characters
 * @param restartDelay pause before a failed scorer is opened again; doubles up to {@code
 *     restartDelayMax}
 * @param restartDelayMax longest such pause
 */
public record BatchSettings(
    int maxBatch,
    Duration maxDelay,
    Duration holdBound,
    Map<String, Integer> weights,
    Duration restartDelay,
    Duration restartDelayMax) {
  /**
   * Pause before a scorer whose device failed is opened again; doubles at each failure in a row.
   */
  private static final Duration RESTART_DELAY = Duration.ofMillis(200);

  /** The longest such pause. */
  private static final Duration RESTART_DELAY_MAX = Duration.ofSeconds(10);

  public BatchSettings {
    check("max-batch", maxBatch, 1, 1024);
    weights = Collections.unmodifiableMap(new TreeMap<>(weights));
    weights.forEach((pattern, weight) -> check("weights." + pattern, weight, 1, 1_000));
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
        Duration.ofSeconds(batch.getLong("hold-bound-seconds")),
        weights(batch.getConfig("weights")),
        RESTART_DELAY,
        RESTART_DELAY_MAX);
  }

  private static Map<String, Integer> weights(Config weights) {
    Map<String, Integer> map = new TreeMap<>();
    for (String pattern : weights.root().keySet()) {
      map.put(pattern, weights.getInt(ConfigUtil.joinPath(pattern)));
    }
    return map;
  }

  /** Windows that this stream may have scored in one turn. */
  int weight(StreamId stream) {
    if (weights.isEmpty()) {
      return 1;
    }
    int most = 0;
    for (Map.Entry<String, Integer> e : weights.entrySet()) {
      if (Pattern.matches(glob(e.getKey()), stream.value())) {
        most = Math.max(most, e.getValue());
      }
    }
    return Math.max(1, most);
  }

  private static String glob(String pattern) {
    return Arrays.stream(pattern.split("\\*", -1))
        .map(Pattern::quote)
        .collect(Collectors.joining(".*"));
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
