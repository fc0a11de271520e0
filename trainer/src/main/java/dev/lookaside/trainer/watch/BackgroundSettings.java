package dev.lookaside.trainer.watch;

import com.typesafe.config.Config;
import dev.lookaside.ingest.SettingsBlock;
import java.time.Duration;

/**
 * {@code lookaside.trainer.background}, whose {@code reference.conf} says what each key is for.
 *
 * @param enabled whether any is taken
 * @param interval from one turn to the next
 * @param active a stream without a chunk for longer is passed over
 * @param settle age of what is taken, so that what was detected in it has been written
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

  /** A stream without a chunk for longer is passed over: it may have ended. */
  private static final Duration ACTIVE = Duration.ofSeconds(10);

  /**
   * What was detected in it must have been written: longer than windows and an event's end take.
   */
  private static final Duration SETTLE = Duration.ofSeconds(20);

  /** A scene's length, so that one example fills the background of a scene. */
  private static final double SECONDS = 10;

  /** Two windows of the bundled model: shorter stretches hold little besides edges of events. */
  private static final double MIN_SECONDS = 3;

  /** Examples of one stream; newer ones take the place of older ones. */
  private static final int PER_STREAM = 12;

  /**
   * Reads {@code lookaside.trainer.background} of a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static BackgroundSettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, "lookaside.trainer.background");
    return new BackgroundSettings(
        own.flag("enabled"),
        own.seconds("interval-seconds", 1, 86_400),
        ACTIVE,
        SETTLE,
        SECONDS,
        MIN_SECONDS,
        STANDS_OUT_DB,
        STREAMS_PER_TURN,
        PER_STREAM,
        own.count("total", 1, 100_000));
  }
}
