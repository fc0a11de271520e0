package dev.lookaside.trainer.loop;

import com.typesafe.config.Config;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;

/**
 * When the loop does what; {@code lookaside.trainer.triggers}, {@code .head}, {@code .shadow},
 * {@code .canary}, {@code .rollback} and {@code .retry}, whose {@code reference.conf} says what
 * each is for.
 *
 * @param labels new labels that begin a refit
 * @param quiet that must pass without another label before they do
 * @param interval after which a single new label begins a refit
 * @param headFirst whether the head alone is fitted and published first
 * @param shadowShare of the streams that a candidate is tried on unheard; 0: none
 * @param shadowFor how long
 * @param shadowAgreementMin least agreement with the incumbent
 * @param canaryShare of the streams that hear with it first; 0: none
 * @param canaryFor how long
 * @param judgedMin judged detections below which nothing is taken back
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

  private static final String ROOT = "lookaside.trainer";

  public LoopSettings {
    TrainerException.checkBetween("triggers.labels", labels, 1, 1_000_000);
    TrainerException.checkBetween("triggers.quiet-millis", quiet.toMillis(), 0, 3_600_000);
    TrainerException.checkBetween("triggers.interval-minutes", interval.toMinutes(), 1, 5_256_000);
    TrainerException.checkBetween("shadow.share", shadowShare, 0, 1);
    TrainerException.checkBetween("shadow.seconds", shadowFor.toSeconds(), 1, 86_400);
    TrainerException.checkBetween("shadow.agreement-min", shadowAgreementMin, 0, 1);
    TrainerException.checkBetween("canary.share", canaryShare, 0, 1);
    TrainerException.checkBetween("canary.seconds", canaryFor.toSeconds(), 1, 864_000);
    TrainerException.checkBetween("rollback.judged-min", judgedMin, 1, 1_000_000);
    TrainerException.checkBetween("rollback.wrong-rate-max", wrongRateMax, 0, 1);
    TrainerException.checkBetween("rollback.wrong-per-hour-max", wrongPerHourMax, 0, 1e6);
    TrainerException.checkBetween("retry.attempts", attempts, 1, 100);
    TrainerException.checkBetween("retry.pause-millis", pause.toMillis(), 1, 3_600_000);
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws TrainerException naming key, value and range of the first one that is wrong
   */
  public static LoopSettings of(Config config) {
    Config own = config.getConfig(ROOT);
    return new LoopSettings(
        own.getInt("triggers.labels"),
        Duration.ofMillis(own.getLong("triggers.quiet-millis")),
        Duration.ofMinutes(own.getLong("triggers.interval-minutes")),
        own.getBoolean("head.first"),
        own.getDouble("shadow.share"),
        Duration.ofSeconds(own.getLong("shadow.seconds")),
        own.getDouble("shadow.agreement-min"),
        own.getDouble("canary.share"),
        Duration.ofSeconds(own.getLong("canary.seconds")),
        own.getInt("rollback.judged-min"),
        own.getDouble("rollback.wrong-rate-max"),
        own.getDouble("rollback.wrong-per-hour-max"),
        ATTEMPTS,
        PAUSE);
  }
}
