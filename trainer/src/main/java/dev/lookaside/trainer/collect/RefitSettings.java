package dev.lookaside.trainer.collect;

import com.typesafe.config.Config;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.TrainerException;
import java.util.List;

/**
 * How a round fits and judges; {@code lookaside.trainer.fit}, {@code .head}, {@code .replay},
 * {@code .scenes} and {@code .judge}, whose {@code reference.conf} says what each is for.
 *
 * @param full how the whole adapter is fitted
 * @param headScenes of older sounds that heads are fitted to and judged on
 * @param headPull strength of the prior that holds the head's rows where they are
 * @param batchSize windows per step
 * @param hopFrames from one window of a scene to the next
 * @param scenes what they are like
 * @param speeds at which every sound is there to be laid into scenes that are fitted on
 * @param distractorShare chance that the next sound of a scene is of no class
 * @param freshPerClass examples of a class from labels at most, the newest
 * @param replayPerClass others of a class at most, drawn
 * @param maxClipSeconds of an example that is laid into scenes, from its onset
 * @param quietSeconds of noise on which false alarms are counted, besides held-out background
 * @param backgroundSeconds of the streams' own, held out, at most
 * @param seed of everything random
 */
public record RefitSettings(
    How full,
    int headScenes,
    double headPull,
    int batchSize,
    int hopFrames,
    SceneSettings scenes,
    List<Double> speeds,
    double distractorShare,
    int freshPerClass,
    int replayPerClass,
    double maxClipSeconds,
    double quietSeconds,
    double backgroundSeconds,
    long seed) {
  /** Shortest pause from one sound of a scene to the next. */
  private static final double MIN_GAP_SECONDS = 0;

  /** Longest pause from one sound of a scene to the next. */
  private static final double MAX_GAP_SECONDS = 2.5;

  /** Chance that a sound starts while another one lasts. */
  private static final double OVERLAP_PROBABILITY = .15;

  /** Loudness of the background; full scale is 1. Only the ratio to the sounds matters. */
  private static final double BACKGROUND_RMS = .01;

  /** Chance that the next sound is a rejected one, of no class. */
  private static final double DISTRACTOR_SHARE = .2;

  /** Of a longer sound as much is composed into a scene. */
  private static final double MAX_CLIP_SECONDS = 4;

  /**
   * One way of fitting.
   *
   * @param scenes per epoch
   */
  public record How(int epochs, int scenes, double learningRate) {
    static How of(Config own, String path) {
      How how = new How(own.getInt("epochs"), own.getInt("scenes"), own.getDouble("learning-rate"));
      TrainerException.checkBetween(path + ".epochs", how.epochs, 1, 10_000);
      TrainerException.checkBetween(path + ".scenes", how.scenes, 1, 10_000);
      TrainerException.checkBetween(path + ".learning-rate", how.learningRate, 1e-9, 1);
      return how;
    }
  }

  /** Copies. */
  public RefitSettings {
    speeds = List.copyOf(speeds);
    TrainerException.checkBetween("scenes.speeds, how many", speeds.size(), 1, 100);
    speeds.forEach(speed -> TrainerException.checkBetween("scenes.speeds", speed, .5, 2));
    TrainerException.checkBetween("head.scenes", headScenes, 4, 10_000);
    TrainerException.checkBetween("head.pull", headPull, 0, 1e6);
    TrainerException.checkBetween("fit.batch-size", batchSize, 1, 4096);
    TrainerException.checkBetween("fit.hop-frames", hopFrames, 1, 8192);
    TrainerException.checkBetween("scenes.distractor-share", distractorShare, 0, .9);
    TrainerException.checkBetween("replay.fresh-per-class", freshPerClass, 1, 1_000_000);
    TrainerException.checkBetween("replay.older-per-class", replayPerClass, 1, 1_000_000);
    TrainerException.checkBetween("scenes.max-clip-seconds", maxClipSeconds, .1, 600);
    TrainerException.checkBetween("judge.quiet-seconds", quietSeconds, 0, 3600);
    TrainerException.checkBetween("judge.background-seconds", backgroundSeconds, 0, 36_000);
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws TrainerException naming key, value and range of the first one that is wrong
   */
  public static RefitSettings of(Config config) {
    Config own = config.getConfig("lookaside.trainer");
    return new RefitSettings(
        How.of(own.getConfig("fit"), "fit"),
        own.getInt("head.scenes"),
        own.getDouble("head.pull"),
        own.getInt("fit.batch-size"),
        own.getInt("fit.hop-frames"),
        new SceneSettings(
            own.getDouble("scenes.seconds"),
            MIN_GAP_SECONDS,
            MAX_GAP_SECONDS,
            own.getDouble("scenes.min-snr-db"),
            own.getDouble("scenes.max-snr-db"),
            OVERLAP_PROBABILITY,
            BACKGROUND_RMS),
        own.getDoubleList("scenes.speeds"),
        DISTRACTOR_SHARE,
        own.getInt("replay.fresh-per-class"),
        own.getInt("replay.older-per-class"),
        MAX_CLIP_SECONDS,
        own.getDouble("judge.quiet-seconds"),
        own.getDouble("judge.background-seconds"),
        own.getLong("fit.seed"));
  }
}
