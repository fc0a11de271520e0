package dev.lookaside.trainer.collect;

import com.typesafe.config.Config;
import dev.lookaside.ingest.SettingsBlock;
import dev.lookaside.ingest.send.SceneSettings;
import java.util.List;

/**
 * How a round fits and judges; {@code lookaside.trainer.fit}, {@code .head} and {@code .scenes},
 * whose {@code reference.conf} says what each is for.
 *
 * @param full how the whole adapter is fitted
 * @param headScenes of older sounds that heads are fitted to and judged on
 * @param headPull strength of the prior that holds the head's rows where they are
 * @param batchSize windows per step
 * @param hopFrames from one window of a scene to the next
 * @param scenes what they are like
 * @param speeds at which every sound is composed into scenes that are fitted on
 * @param freshPerClass examples of a class from labels at most, the newest
 * @param replayPerClass others of a class at most, drawn
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
    int freshPerClass,
    int replayPerClass,
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

  /**
   * How firmly the rows of a head are held where they are: the weight of their squared distance
   * from there against the mean loss. Found with {@code lookaside bench gate}: without it a few
   * corrections move the other classes anywhere.
   */
  private static final double HEAD_PULL = 4e-3;

  /** Least loudness of a sound over its background. */
  private static final double MIN_SNR_DB = 6;

  /** Most loudness of a sound over its background. */
  private static final double MAX_SNR_DB = 27;

  /** Seconds of pink noise on which false alarms are counted besides held-out background. */
  private static final double QUIET_SECONDS = 30;

  /**
   * Seconds of the streams' own held-out background, the newest, on which false alarms are counted:
   * as many as a few refits an hour can score beside the corrections.
   */
  private static final double BACKGROUND_SECONDS = 60;

  /**
   * The newest examples of a class from labels that a round fits on. Scenes contain every class
   * about equally often, however many examples it has; more would only be read and not composed.
   */
  private static final int FRESH_PER_CLASS = 200;

  /** Other examples of a class, drawn at random, so that it is not forgotten. */
  private static final int OLDER_PER_CLASS = 60;

  /** Any number; the same examples give the same fit. */
  private static final long SEED = 1;

  /**
   * One way of fitting.
   *
   * @param scenes per epoch
   */
  public record How(int epochs, int scenes, double learningRate) {}

  /** Copies. */
  public RefitSettings {
    speeds = List.copyOf(speeds);
  }

  /**
   * Reads {@code lookaside.trainer.fit}, {@code .head} and {@code .scenes} of a whole
   * configuration.
   *
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static RefitSettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, "lookaside.trainer");
    SettingsBlock fit = own.block("fit");
    SettingsBlock scenes = own.block("scenes");
    return new RefitSettings(
        new How(
            fit.count("epochs", 1, 10_000),
            fit.count("scenes", 1, 10_000),
            fit.real("learning-rate", 1e-9, 1)),
        own.block("head").count("scenes", 4, 10_000),
        HEAD_PULL,
        fit.count("batch-size", 1, 4096),
        fit.count("hop-frames", 1, 8192),
        new SceneSettings(
            scenes.real("seconds", .1, 3600),
            MIN_GAP_SECONDS,
            MAX_GAP_SECONDS,
            MIN_SNR_DB,
            MAX_SNR_DB,
            OVERLAP_PROBABILITY,
            BACKGROUND_RMS),
        scenes.reals("speeds", .5, 2),
        FRESH_PER_CLASS,
        OLDER_PER_CLASS,
        QUIET_SECONDS,
        BACKGROUND_SECONDS,
        SEED);
  }
}
