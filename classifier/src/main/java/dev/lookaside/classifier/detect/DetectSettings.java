package dev.lookaside.classifier.detect;

import com.typesafe.config.Config;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.ingest.SettingsBlock;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How windows become detections; {@code lookaside.classifier.detect}, whose {@code reference.conf}
 * says what each is for.
 *
 * @param progressInterval from one progress of a stream without a detection to the next
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

    private static Overload of(SettingsBlock block, String key, Duration skipAfter) {
      return block.choice(
          key, Map.of("process-all", PROCESS_ALL, "skip-to-live", new Overload(skipAfter)));
    }
  }

  /**
   * Progress of a stream without a detection is published this often: as much is scored again after
   * a crash, and each of them is a record. With a detection, progress goes at once.
   */
  private static final Duration PROGRESS_INTERVAL = Duration.ofSeconds(1);

  private static final long HOUR_MILLIS = 3_600_000;

  public DetectSettings {
    thresholds = Map.copyOf(thresholds);
    overloadOfStreams = Map.copyOf(overloadOfStreams);
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

  /**
   * Reads {@code lookaside.classifier.detect} of a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key, value and rule
   */
  public static DetectSettings of(Config config) {
    SettingsBlock detect = SettingsBlock.of(config, "lookaside.classifier.detect");
    SettingsBlock combination = detect.block("combination");
    SettingsBlock overload = detect.block("overload");
    Duration skipAfter = Duration.ofSeconds(overload.number("skip-after-seconds", 1, 86_400));
    Map<String, Overload> streams = new TreeMap<>();
    SettingsBlock policies = overload.block("streams");
    for (String id : policies.keys()) {
      streams.put(id, Overload.of(policies, id, skipAfter));
    }
    return new DetectSettings(
        combination.parsed("clip", Combination::of, Combination.RULE),
        combination.parsed("columns", Combination::of, Combination.RULE),
        thresholds(detect.block("thresholds")),
        detect.millis("min-length-millis", 0, HOUR_MILLIS),
        detect.millis("min-gap-millis", 0, HOUR_MILLIS),
        detect.count("max-windows-under-way", 1, 10_000),
        PROGRESS_INTERVAL,
        Overload.of(overload, "policy", skipAfter),
        streams);
  }

  private static Map<String, Threshold> thresholds(SettingsBlock perLabel) {
    Map<String, Threshold> map = new TreeMap<>();
    for (String label : perLabel.keys()) {
      SettingsBlock pair = perLabel.block(label);
      double on = pair.real("on", 0, 1);
      map.put(label, new Threshold(on, pair.real("off", 0, on)));
    }
    return map;
  }
}
