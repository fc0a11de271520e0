package dev.lookaside.trainer.drift;

import com.typesafe.config.Config;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;

/**
 * {@code lookaside.trainer.drift}, whose {@code reference.conf} says what each key is for.
 *
 * @param enabled whether streams are listened to at all
 * @param interval from one turn to the next
 * @param active a stream without a chunk for longer is not heard
 * @param seconds of audio that are heard of a stream in a turn
 * @param minSeconds below which nothing is said of it
 * @param streamsPerTurn heard at most
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

  private static final String ROOT = "lookaside.trainer.drift";

  /** What is compared; the rate is shared between them. */
  static final int MEASURES = 2;

  public DriftSettings {
    between("interval-seconds", interval.toMillis() / 1e3, 1, 86_400);
    between("active-seconds", active.toMillis() / 1e3, 1, 3_600);
    between("seconds", seconds, 1, 600);
    between("min-seconds", minSeconds, .1, seconds);
    between("streams-per-turn", streamsPerTurn, 1, 10_000);
    between("false-alarm-rate", falseAlarmRate, 1e-4, .5);
    between("looks", looks, 1, 100);
    between("scenes", scenes, leastScenes(falseAlarmRate), 10_000);
    between("listed", listed, 1, 1_000);
  }

  /** With fewer, no value could be told from chance at this rate. */
  private static int leastScenes(double falseAlarmRate) {
    return (int) Math.ceil(MEASURES / falseAlarmRate - 1e-9) - 1;
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws TrainerException naming key, value and range of the first one that is wrong
   */
  public static DriftSettings of(Config config) {
    Config own = config.getConfig(ROOT);
    return new DriftSettings(
        own.getBoolean("enabled"),
        seconds(own, "interval-seconds"),
        seconds(own, "active-seconds"),
        own.getDouble("seconds"),
        own.getDouble("min-seconds"),
        STREAMS_PER_TURN,
        own.getDouble("false-alarm-rate"),
        LOOKS,
        own.getInt("scenes"),
        LISTED);
  }

  private static Duration seconds(Config own, String key) {
    return Duration.ofMillis(Math.round(own.getDouble(key) * 1e3));
  }

  private static void between(String key, double value, double least, double most) {
    // Written so that NaN fails too.
    if (!(value >= least && value <= most)) {
      throw new TrainerException(
          "%s.%s \"%s\": must be %s to %s"
              .formatted(ROOT, key, text(value), text(least), text(most)));
    }
  }

  private static String text(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
