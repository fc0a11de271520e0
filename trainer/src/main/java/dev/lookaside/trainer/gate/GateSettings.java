package dev.lookaside.trainer.gate;

import com.typesafe.config.Config;
import dev.lookaside.trainer.TrainerException;

/**
 * {@code lookaside.trainer.gate}, whose {@code reference.conf} says what each is for.
 *
 * @param falsePassChance that labels are trusted although half of them are wrong
 * @param falseRefusalChance that right labels are refused
 * @param confidence with which a class is not worse than before
 * @param precisionLossMax average precision that may be lost by chance
 * @param falseAlarmsPerHourMax on background; more are allowed only if the incumbent has as many
 */
public record GateSettings(
    double falsePassChance,
    double falseRefusalChance,
    double confidence,
    double precisionLossMax,
    double falseAlarmsPerHourMax) {
  private static final String ROOT = "lookaside.trainer.gate";

  public GateSettings {
    between("false-pass-chance", falsePassChance, 0.001, 1);
    between("false-refusal-chance", falseRefusalChance, 0.001, 1);
    between("confidence", confidence, 0.5, 0.99);
    between("precision-loss-max", precisionLossMax, 0, 1);
    between("false-alarms-per-hour-max", falseAlarmsPerHourMax, 0, 1e6);
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws TrainerException naming key, value and range of the first one that is wrong
   */
  public static GateSettings of(Config config) {
    Config own = config.getConfig(ROOT);
    return new GateSettings(
        own.getDouble("false-pass-chance"),
        own.getDouble("false-refusal-chance"),
        own.getDouble("confidence"),
        own.getDouble("precision-loss-max"),
        own.getDouble("false-alarms-per-hour-max"));
  }

  private static void between(String key, double value, double least, double most) {
    // Written so that NaN fails too.
    if (!(value >= least && value <= most)) {
      throw new TrainerException(
          "%s.%s \"%s\": must be %s to %s".formatted(ROOT, key, value, least, most));
    }
  }
}
