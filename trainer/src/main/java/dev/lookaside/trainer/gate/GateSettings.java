package dev.lookaside.trainer.gate;

import com.typesafe.config.Config;
import dev.lookaside.trainer.TrainerException;

/**
 * {@code lookaside.trainer.gate}, whose {@code reference.conf} says what each is for.
 *
 * @param mapEpsilon by how much the mean average precision over known classes may fall
 * @param classDropMax by how much that of one known class may fall
 * @param classDropLimit by how much that may fall whatever its sounds agree on
 * @param classChanceMax chance of a class's sounds being worse below which that is no accident
 * @param newClassPrecisionMin average precision that a new class needs
 * @param newClassRecallMin share of its events that must be detected
 * @param newClassChanceMax chance that an accident would rank its sounds as well
 * @param newClassMistakenMax share of other sounds that may be taken for it
 * @param minExamples held-out sounds of a class, labels that the incumbent does not hear, or
 *     reference sounds, below which they say nothing by themselves
 * @param minNewExamples held-out sounds that a new class needs
 * @param falseAlarmsPerHourMax on background; more are allowed only if the incumbent has as many
 * @param falseAlarmRise share by which an incumbent beyond that may be exceeded
 * @param falseAlarmChanceMin chance of as many at what is allowed, below which they are too many
 * @param minBackgroundSeconds below which false alarms are not judged
 * @param calibrationErrorMax bound; a worse one is allowed only if the incumbent's is no better
 * @param calibrationRise by which an incumbent beyond that may be exceeded
 * @param likelierMean mean share of other classes that it finds likelier than right labels
 * @param doubtedChanceMin chance of as many among right labels, below which they are refused
 * @param lostChanceMax chance of as many corrections lost below which that is no accident
 * @param learnedShareMin share of the wrongly heard corrections that the candidate must put right
 * @param learnedMinCorrections wrongly heard ones below which that is not asked
 */
public record GateSettings(
    double mapEpsilon,
    double classDropMax,
    double classDropLimit,
    double classChanceMax,
    double newClassPrecisionMin,
    double newClassRecallMin,
    double newClassChanceMax,
    double newClassMistakenMax,
    int minExamples,
    int minNewExamples,
    double falseAlarmsPerHourMax,
    double falseAlarmRise,
    double falseAlarmChanceMin,
    double minBackgroundSeconds,
    double calibrationErrorMax,
    double calibrationRise,
    double likelierMean,
    double doubtedChanceMin,
    double lostChanceMax,
    double learnedShareMin,
    int learnedMinCorrections) {
  private static final String ROOT = "lookaside.trainer.gate";

  public GateSettings {
    between("map-epsilon", mapEpsilon, 0, 1);
    between("class-drop-max", classDropMax, 0, 1);
    between("class-drop-limit", classDropLimit, 0, 1);
    between("class-chance-max", classChanceMax, 0, 1);
    between("new-class-precision-min", newClassPrecisionMin, 0, 1);
    between("new-class-recall-min", newClassRecallMin, 0, 1);
    between("new-class-chance-max", newClassChanceMax, 0, 1);
    between("new-class-mistaken-max", newClassMistakenMax, 0, 1);
    between("min-examples", minExamples, 1, 1_000_000);
    between("min-new-examples", minNewExamples, 0, 1_000_000);
    between("false-alarms-per-hour-max", falseAlarmsPerHourMax, 0, 1e6);
    between("false-alarm-rise", falseAlarmRise, 0, 100);
    between("false-alarm-chance-min", falseAlarmChanceMin, 0, 1);
    between("min-background-seconds", minBackgroundSeconds, 0, 1e6);
    between("calibration-error-max", calibrationErrorMax, 0, 1);
    between("calibration-rise", calibrationRise, 0, 1);
    between("likelier-mean", likelierMean, 0, 1);
    between("doubted-chance-min", doubtedChanceMin, 0, 1);
    between("lost-chance-max", lostChanceMax, 0, 1);
    between("learned-share-min", learnedShareMin, 0, 1);
    between("learned-min-corrections", learnedMinCorrections, 1, 1_000_000);
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
        own.getDouble("map-epsilon"),
        own.getDouble("class-drop-max"),
        own.getDouble("class-drop-limit"),
        own.getDouble("class-chance-max"),
        own.getDouble("new-class-precision-min"),
        own.getDouble("new-class-recall-min"),
        own.getDouble("new-class-chance-max"),
        own.getDouble("new-class-mistaken-max"),
        own.getInt("min-examples"),
        own.getInt("min-new-examples"),
        own.getDouble("false-alarms-per-hour-max"),
        own.getDouble("false-alarm-rise"),
        own.getDouble("false-alarm-chance-min"),
        own.getDouble("min-background-seconds"),
        own.getDouble("calibration-error-max"),
        own.getDouble("calibration-rise"),
        own.getDouble("likelier-mean"),
        own.getDouble("doubted-chance-min"),
        own.getDouble("lost-chance-max"),
        own.getDouble("learned-share-min"),
        own.getInt("learned-min-corrections"));
  }

  private static void between(String key, double value, double least, double most) {
    // Written so that NaN fails too.
    if (!(value >= least && value <= most)) {
      throw new TrainerException(
          "%s.%s \"%s\": must be %s to %s".formatted(ROOT, key, value, least, most));
    }
  }
}
