package dev.lookaside.trainer.loop;

import com.typesafe.config.Config;
import dev.lookaside.ingest.send.SceneSettings;
import java.util.List;

/**
 * How a round fits and judges; {@code lookaside.trainer.fit}, {@code .head}, {@code .replay},
 * {@code .scenes} and {@code .judge}, whose {@code reference.conf} says what each is for.
 *
 * @param full how the whole adapter is fitted
 * @param head how the head alone is fitted
 * @param freshScenes of the corrected classes that the head is fitted on, besides its others
 * @param headPull strength of the prior that holds the head's rows where they are
 * @param batchSize windows per step
 * @param hopFrames from one window of a scene to the next
 * @param scenes what they are like
 * @param speeds at which every sound is there to be laid into scenes that are fitted on
 * @param distractorShare chance that the next sound of a scene is of no class
 * @param freshPerClass examples of a class from labels at most, the newest
 * @param replayPerClass others of a class at most, drawn
 * @param maxClipSeconds of an example that is laid into scenes, from its onset
 * @param judgeScenes held-out scenes for the whole adapter
 * @param judgeHeadScenes held-out scenes for the head alone
 * @param judgeFreshScenes the same of corrected classes
 * @param quietSeconds of noise on which false alarms are counted, besides held-out background
 * @param backgroundSeconds of the streams' own, held out, for the whole adapter, at most
 * @param headBackgroundSeconds the same for the head alone
 * @param seed of everything random
 */
public record RefitSettings(
    How full,
    How head,
    int freshScenes,
    double headPull,
    int batchSize,
    int hopFrames,
    SceneSettings scenes,
    List<Double> speeds,
    double distractorShare,
    int freshPerClass,
    int replayPerClass,
    double maxClipSeconds,
    int judgeScenes,
    int judgeHeadScenes,
    int judgeFreshScenes,
    double quietSeconds,
    double backgroundSeconds,
    double headBackgroundSeconds,
    long seed) {
  /**
   * One way of fitting.
   *
   * @param scenes per epoch
   */
  public record How(int epochs, int scenes, double learningRate) {
    static How of(Config own, String path) {
      How how = new How(own.getInt("epochs"), own.getInt("scenes"), own.getDouble("learning-rate"));
      LoopSettings.between(path + ".epochs", how.epochs, 1, 10_000);
      LoopSettings.between(path + ".scenes", how.scenes, 1, 10_000);
      LoopSettings.between(path + ".learning-rate", how.learningRate, 1e-9, 1);
      return how;
    }
  }

  /** Copies. */
  public RefitSettings {
    speeds = List.copyOf(speeds);
    LoopSettings.between("scenes.speeds, how many", speeds.size(), 1, 100);
    speeds.forEach(speed -> LoopSettings.between("scenes.speeds", speed, .5, 2));
    LoopSettings.between("head.fresh-scenes", freshScenes, 1, 10_000);
    LoopSettings.between("head.pull", headPull, 0, 1e6);
    LoopSettings.between("fit.batch-size", batchSize, 1, 4096);
    LoopSettings.between("fit.hop-frames", hopFrames, 1, 8192);
    LoopSettings.between("scenes.distractor-share", distractorShare, 0, .9);
    LoopSettings.between("replay.fresh-per-class", freshPerClass, 1, 1_000_000);
    LoopSettings.between("replay.older-per-class", replayPerClass, 1, 1_000_000);
    LoopSettings.between("scenes.max-clip-seconds", maxClipSeconds, .1, 600);
    LoopSettings.between("judge.scenes", judgeScenes, 1, 10_000);
    LoopSettings.between("judge.head-scenes", judgeHeadScenes, 1, 10_000);
    LoopSettings.between("judge.fresh-scenes", judgeFreshScenes, 1, 10_000);
    LoopSettings.between("judge.quiet-seconds", quietSeconds, 0, 3600);
    LoopSettings.between("judge.background-seconds", backgroundSeconds, 0, 36_000);
    LoopSettings.between("judge.head-background-seconds", headBackgroundSeconds, 0, 36_000);
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws dev.lookaside.trainer.TrainerException naming key, value and range of the first one
   *     that is wrong
   */
  public static RefitSettings of(Config config) {
    Config own = config.getConfig("lookaside.trainer");
    return new RefitSettings(
        How.of(own.getConfig("fit"), "fit"),
        How.of(own.getConfig("head"), "head"),
        own.getInt("head.fresh-scenes"),
        own.getDouble("head.pull"),
        own.getInt("fit.batch-size"),
        own.getInt("fit.hop-frames"),
        new SceneSettings(
            own.getDouble("scenes.seconds"),
            own.getDouble("scenes.min-gap-seconds"),
            own.getDouble("scenes.max-gap-seconds"),
            own.getDouble("scenes.min-snr-db"),
            own.getDouble("scenes.max-snr-db"),
            own.getDouble("scenes.overlap-probability"),
            own.getDouble("scenes.background-rms")),
        own.getDoubleList("scenes.speeds"),
        own.getDouble("scenes.distractor-share"),
        own.getInt("replay.fresh-per-class"),
        own.getInt("replay.older-per-class"),
        own.getDouble("scenes.max-clip-seconds"),
        own.getInt("judge.scenes"),
        own.getInt("judge.head-scenes"),
        own.getInt("judge.fresh-scenes"),
        own.getDouble("judge.quiet-seconds"),
        own.getDouble("judge.background-seconds"),
        own.getDouble("judge.head-background-seconds"),
        own.getLong("fit.seed"));
  }
}
