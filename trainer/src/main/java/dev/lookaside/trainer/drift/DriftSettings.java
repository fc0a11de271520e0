package dev.lookaside.trainer.drift;

import com.typesafe.config.Config;
import dev.lookaside.ingest.SettingsBlock;
import java.time.Duration;

/**
 * {@code lookaside.trainer.drift}, whose {@code reference.conf} says what each key is for.
 *
 * @param enabled whether streams are compared at all
 * @param interval from one turn to the next
 * @param active a stream without a chunk for longer is not scored
 * @param seconds of audio that are scored of a stream in a turn
 * @param minSeconds below which nothing is reported of it: chance is larger then
 * @param streamsPerTurn scored at most
 * @param falseAlarmRate chance that a stream like the reference is found above a bound in a turn
 * @param looks in a row that raise an alarm, or end it
 * @param scenes held-out ones that the bounds come from
 * @param listed streams of a status, the worst first
 */
public record DriftSettings(
    boolean enabled,
    Duration interval,
    Duration active,
    double seconds,
    double minSeconds,
    int streamsPerTurn,
    double falseAlarmRate,
    int looks,
    int scenes,
    int listed) {
  /** Streams checked in a turn, those checked longest ago first: bounds the work. */
  private static final int STREAMS_PER_TURN = 20;

  /** Turns in a row above a bound that raise an alarm; as many well below both bounds end it. */
  private static final int LOOKS = 2;

  /** Streams in statuses and metrics, the worst first: bounds the series of the metrics. */
  private static final int LISTED = 10;

  /** A stream without a chunk for longer is not scored: it may have ended. */
  private static final Duration ACTIVE = Duration.ofSeconds(10);

  /**
   * Held-out scenes that the bounds come from, at least. Scored once for each adapter: 300 scenes
   * of 20 s are some 40 s of one core for the bundled model.
   */
  private static final int SCENES = 200;

  /** What is compared; the rate is shared between them. */
  static final int MEASURES = 2;

  /** With fewer scenes no value could be distinguished from chance at this rate. */
  static int leastScenes(double falseAlarmRate) {
    return (int) Math.ceil(MEASURES / falseAlarmRate - 1e-9) - 1;
  }

  /**
   * Reads {@code lookaside.trainer.drift} of a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static DriftSettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, "lookaside.trainer.drift");
    double falseAlarmRate = own.real("false-alarm-rate", 1e-4, .5);
    double seconds = own.real("seconds", 1, 600);
    return new DriftSettings(
        own.flag("enabled"),
        own.seconds("interval-seconds", 1, 86_400),
        ACTIVE,
        seconds,
        seconds / 2,
        STREAMS_PER_TURN,
        falseAlarmRate,
        LOOKS,
        Math.max(SCENES, leastScenes(falseAlarmRate)),
        LISTED);
  }
}
