package dev.lookaside.trainer.loop;

import com.typesafe.config.Config;
import dev.lookaside.ingest.SettingsBlock;
import java.time.Duration;

/**
 * When the loop does what; {@code lookaside.trainer.triggers}, {@code .head}, {@code .shadow},
 * {@code .canary} and {@code .rollback}, whose {@code reference.conf} says what each is for.
 *
 * @param labels new labels that begin a refit
 * @param quiet that must pass without another label before they do
 * @param interval after which a single new label begins a refit
 * @param headFirst whether the head alone is fitted and published first
 * @param shadowShare of the streams that a candidate scores without publishing; 0: none
 * @param shadowFor how long
 * @param shadowAgreementMin least agreement with the incumbent
 * @param canaryShare of the streams that it scores first; 0: none
 * @param canaryFor how long
 * @param judgedMin labelled detections below which nothing is rolled back
 * @param wrongRateMax share of them that may be wrong
 * @param wrongPerHourMax wrong ones of one stream within an hour; 0: not looked at
 * @param attempts at one step
 * @param pause between two
 */
public record LoopSettings(
    int labels,
    Duration quiet,
    Duration interval,
    boolean headFirst,
    double shadowShare,
    Duration shadowFor,
    double shadowAgreementMin,
    double canaryShare,
    Duration canaryFor,
    int judgedMin,
    double wrongRateMax,
    double wrongPerHourMax,
    int attempts,
    Duration pause) {
  /** A failed step is retried so often in all; then the round has failed. */
  private static final int ATTEMPTS = 3;

  /** Pause before a retry; doubles up to 32 times that. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /**
   * Reads {@code lookaside.trainer.triggers}, {@code .head}, {@code .shadow}, {@code .canary} and
   * {@code .rollback} of a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static LoopSettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, "lookaside.trainer");
    SettingsBlock triggers = own.block("triggers");
    SettingsBlock shadow = own.block("shadow");
    SettingsBlock canary = own.block("canary");
    SettingsBlock rollback = own.block("rollback");
    return new LoopSettings(
        triggers.count("labels", 1, 1_000_000),
        triggers.millis("quiet-millis", 0, 3_600_000),
        Duration.ofMinutes(triggers.number("interval-minutes", 1, 5_256_000)),
        own.block("head").flag("first"),
        shadow.real("share", 0, 1),
        Duration.ofSeconds(shadow.number("seconds", 1, 86_400)),
        shadow.real("agreement-min", 0, 1),
        canary.real("share", 0, 1),
        Duration.ofSeconds(canary.number("seconds", 1, 864_000)),
        rollback.count("judged-min", 1, 1_000_000),
        rollback.real("wrong-rate-max", 0, 1),
        rollback.real("wrong-per-hour-max", 0, 1e6),
        ATTEMPTS,
        PAUSE);
  }
}
