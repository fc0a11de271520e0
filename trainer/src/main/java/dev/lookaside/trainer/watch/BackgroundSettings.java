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
 * @param total examples kept
 */
public record BackgroundSettings(
    boolean enabled,
    Duration interval,
    Duration active,
    Duration settle,
    double seconds,
    int total) {
  /** A stream without a chunk for longer is passed over: it may have ended. */
  private static final Duration ACTIVE = Duration.ofSeconds(10);

  /**
   * What was detected in it must have been written: longer than windows and an event's end take.
   */
  private static final Duration SETTLE = Duration.ofSeconds(20);

  /** A scene's length, so that one example fills the background of a scene. */
  private static final double SECONDS = 10;

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
        own.count("total", 1, 100_000));
  }
}
