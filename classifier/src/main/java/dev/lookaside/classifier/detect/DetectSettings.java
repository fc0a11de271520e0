package dev.lookaside.classifier.detect;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import dev.lookaside.classifier.weights.Threshold;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

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
    int maxPublishesUnderWay,
    Duration maxReplay,
    Duration scoreTimeout,
    int scoreAttempts) {
  public DetectSettings {
    thresholds = Map.copyOf(thresholds);
    between("min-length-millis", minLength.toMillis(), 0, 3_600_000);
    between("min-gap-millis", minGap.toMillis(), 0, 3_600_000);
    between("max-windows-under-way", maxWindowsUnderWay, 1, 10_000);
    between("max-publishes-under-way", maxPublishesUnderWay, 1, 100_000);
    between("max-replay-seconds", maxReplay.toSeconds(), 1, 3_600);
    between("score-timeout-millis", scoreTimeout.toMillis(), 100, 3_600_000);
    between("score-attempts", scoreAttempts, 1, 100);
  }

  /** The rule for windows with so many posteriors per class: 1 for a clip head. */
  Combination combination(int columns) {
    return columns == 1 ? clipCombination : columnsCombination;
  }

  /** Reads the block {@code lookaside.classifier.detect}. */
  public static DetectSettings of(Config detect) {
    return new DetectSettings(
        Combination.of(detect.getString("combination.clip")),
        Combination.of(detect.getString("combination.columns")),
        thresholds(detect.getConfig("thresholds")),
        Duration.ofMillis(detect.getLong("min-length-millis")),
        Duration.ofMillis(detect.getLong("min-gap-millis")),
        detect.getInt("max-windows-under-way"),
        detect.getInt("max-publishes-under-way"),
        Duration.ofSeconds(detect.getLong("max-replay-seconds")),
        Duration.ofMillis(detect.getLong("score-timeout-millis")),
        detect.getInt("score-attempts"));
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
