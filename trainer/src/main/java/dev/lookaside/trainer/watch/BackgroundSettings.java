package dev.lookaside.trainer.watch;

import com.typesafe.config.Config;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;

/**
 * {@code lookaside.trainer.background}, whose {@code reference.conf} says what each key is for.
 *
 * @param enabled whether any is taken
 * @param interval from one turn to the next
 * @param active a stream without a chunk for longer is passed over
 * @param settle age of what is taken, so that what was heard in it has been written
 * @param seconds taken of a stream in a turn, at most
 * @param minSeconds below which nothing is taken
 * @param standsOutDb by how much its loudest moment may stand out
 * @param streamsPerTurn looked at
 * @param perStream examples kept
 * @param total examples kept
 */
public record BackgroundSettings(
    boolean enabled,
    Duration interval,
    Duration active,
    Duration settle,
    double seconds,
    double minSeconds,
    double standsOutDb,
    int streamsPerTurn,
    int perStream,
    int total) {
  /**
   * By so much the loudest twentieth of a second may be above the median one: an undetected sound
   * of no known class must not become background.
   */
  private static final double STANDS_OUT_DB = 6;

  /** Streams in a turn, those taken longest ago first: bounds the work. */
  private static final int STREAMS_PER_TURN = 20;

  public BackgroundSettings {
    TrainerException.checkBetween("background.interval-seconds", seconds(interval), 1, 86_400);
    TrainerException.checkBetween("background.active-seconds", seconds(active), 1, 3_600);
    TrainerException.checkBetween("background.settle-seconds", seconds(settle), 0, 600);
    TrainerException.checkBetween("background.seconds", seconds, .5, 60);
    TrainerException.checkBetween("background.min-seconds", minSeconds, .1, seconds);
    TrainerException.checkBetween("background.stands-out-db", standsOutDb, 0, 200);
    TrainerException.checkBetween("background.streams-per-turn", streamsPerTurn, 1, 10_000);
    TrainerException.checkBetween("background.per-stream", perStream, 1, 10_000);
    TrainerException.checkBetween("background.total", total, 1, 100_000);
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1e3;
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws TrainerException naming key, value and range of the first one that is wrong
   */
  public static BackgroundSettings of(Config config) {
    Config own = config.getConfig("lookaside.trainer.background");
    return new BackgroundSettings(
        own.getBoolean("enabled"),
        duration(own, "interval-seconds"),
        duration(own, "active-seconds"),
        duration(own, "settle-seconds"),
        own.getDouble("seconds"),
        own.getDouble("min-seconds"),
        STANDS_OUT_DB,
        STREAMS_PER_TURN,
        own.getInt("per-stream"),
        own.getInt("total"));
  }

  private static Duration duration(Config own, String key) {
    return Duration.ofMillis(Math.round(own.getDouble(key) * 1e3));
  }
}
