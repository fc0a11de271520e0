package dev.lookaside.classifier.infer;

import dev.lookaside.ingest.SettingsBlock;
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
  }

  /** Reads {@code lookaside.classifier.batch}. */
  public static BatchSettings of(SettingsBlock batch) {
    Map<String, Integer> weights = new TreeMap<>();
    SettingsBlock patterns = batch.block("weights");
    patterns.keys().forEach(p -> weights.put(p, patterns.count(p, 1, 1_000)));
    return new BatchSettings(
        batch.count("max-batch", 1, 1024),
        batch.millis("max-delay-millis", 0, 60_000),
        Duration.ofSeconds(batch.number("hold-bound-seconds", 1, 86_400)),
        weights,
        RESTART_DELAY,
        RESTART_DELAY_MAX);
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
