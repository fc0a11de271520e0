package dev.lookaside.trainer.gate;

import com.typesafe.config.Config;
import dev.lookaside.ingest.SettingsBlock;

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
  /**
   * Chance that right labels are rejected as contradictory instead of more being asked for: the
   * usual level of a test. Who wants stricter gates makes the chance of the other error smaller.
   */
  private static final double FALSE_REFUSAL_CHANCE = .05;

  /**
   * Reads {@code lookaside.trainer.gate} of a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static GateSettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, "lookaside.trainer.gate");
    return new GateSettings(
        own.real("false-pass-chance", 0.001, 1),
        FALSE_REFUSAL_CHANCE,
        own.real("confidence", 0.5, 0.99),
        own.real("precision-loss-max", 0, 1),
        own.real("false-alarms-per-hour-max", 0, 1e6));
  }
}
