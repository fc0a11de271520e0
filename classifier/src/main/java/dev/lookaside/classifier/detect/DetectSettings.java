package dev.lookaside.classifier.detect;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How windows become detections; {@code lookaside.classifier.detect}, whose {@code reference.conf}
 * says what each is for.
 */
public record DetectSettings(
    Combination clipCombination,
    Combination columnsCombination,
    Map<String, Threshold> thresholds,
    Duration minLength,
    Duration minGap,
    int maxWindowsUnderWay,
    Duration progressInterval,
    Overload overload,
    Map<String, Overload> overloadOfStreams) {
  /**
   * What becomes of a backlog.
   *
   * @param skipAfter windows whose newest audio has been on Kafka for longer are shed instead of
   *     scored; null: every window is scored, however late
   */
  public record Overload(@Nullable Duration skipAfter) {
    /** Every window is scored. */
    public static final Overload PROCESS_ALL = new Overload(null);

    private static Overload of(String key, String policy, Duration skipAfter) {
      return switch (policy) {
        case "process-all" -> PROCESS_ALL;
        case "skip-to-live" -> new Overload(skipAfter);
        default ->
            throw new DetectException(
                "%s \"%s\": must be process-all or skip-to-live".formatted(key, policy));
      };
    }
  }

  public DetectSettings {
    thresholds = Map.copyOf(thresholds);
    overloadOfStreams = Map.copyOf(overloadOfStreams);
    between("min-length-millis", minLength.toMillis(), 0, 3_600_000);
    between("min-gap-millis", minGap.toMillis(), 0, 3_600_000);
    between("max-windows-under-way", maxWindowsUnderWay, 1, 10_000);
    between("progress-interval-millis", progressInterval.toMillis(), 10, 600_000);
  }

  /** The same, but every window is scored, however late. */
  DetectSettings processAll() {
    return new DetectSettings(
        clipCombination,
        columnsCombination,
        thresholds,
        minLength,
        minGap,
        maxWindowsUnderWay,
        progressInterval,
        Overload.PROCESS_ALL,
        Map.of());
  }

  /** What becomes of a backlog of this stream. */
  Overload overload(StreamId stream) {
    return overloadOfStreams.getOrDefault(stream.value(), overload);
  }

  /** The rule for windows with so many posteriors per class: 1 for a clip head. */
  Combination combination(int columns) {
    return columns == 1 ? clipCombination : columnsCombination;
  }

  /** Reads the block {@code lookaside.classifier.detect}. */
  public static DetectSettings of(Config detect) {
    Duration skipAfter = Duration.ofSeconds(detect.getLong("overload.skip-after-seconds"));
    between("overload.skip-after-seconds", skipAfter.toSeconds(), 1, 86_400);
    Map<String, Overload> streams = new TreeMap<>();
    Config policies = detect.getConfig("overload.streams");
    for (String id : policies.root().keySet()) {
      streams.put(
          id,
          Overload.of(
              "overload.streams." + id, policies.getString(ConfigUtil.joinPath(id)), skipAfter));
    }
    return new DetectSettings(
        Combination.of(detect.getString("combination.clip")),
        Combination.of(detect.getString("combination.columns")),
        thresholds(detect.getConfig("thresholds")),
        Duration.ofMillis(detect.getLong("min-length-millis")),
        Duration.ofMillis(detect.getLong("min-gap-millis")),
        detect.getInt("max-windows-under-way"),
        Duration.ofMillis(detect.getLong("progress-interval-millis")),
        Overload.of("overload.policy", detect.getString("overload.policy"), skipAfter),
        streams);
  }

  private static Map<String, Threshold> thresholds(Config perLabel) {
    Map<String, Threshold> map = new TreeMap<>();
    for (String label : perLabel.root().keySet()) {
      Config pair = perLabel.getConfig(ConfigUtil.joinPath(label));
      map.put(label, new Threshold(pair.getDouble("on"), pair.getDouble("off")));
    }
    return map;
  }

  static void between(String key, long value, long least, long most) {
    if (value < least || value > most) {
      throw new DetectException("%s \"%d\": must be in %d..%d".formatted(key, value, least, most));
    }
  }
}
