package dev.lookaside.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.detect.Combination;
import dev.lookaside.classifier.detect.DecoderSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.WindowMark;
import dev.lookaside.classifier.infer.Scores;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.EventScore;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SceneJudgeTest {
  private static final int COLUMNS = 8;
  private static final Collars COLLARS = Collars.onset(0.2);

  /** Two labels; the thresholds of a posterior that never comes. */
  private static final DetectorModel MODEL =
      new DetectorModel(
          List.of("loud", "never"),
          COLUMNS,
          new FeatureSpec(FrontEnd.AST_FBANK, 128, 16),
          new DecoderSettings(
              Combination.MEAN,
              new float[] {.99f, .99f},
              new float[] {.9f, .9f},
              new int[] {16, 16},
              16),
          "adapter",
          "backbone");

  /** Hears noise bursts: 0.6 in columns where most frames are loud, 0.2 elsewhere. */
  private static final WindowScorer EAR =
      new WindowScorer() {
        @Override
        public Scores score(List<MelWindow> windows) {
          float[][] posteriors = new float[windows.size()][];
          for (int w = 0; w < posteriors.length; w++) {
            posteriors[w] = new float[2 * COLUMNS];
            for (int c = 0; c < COLUMNS; c++) {
              posteriors[w][2 * c] = level(windows.get(w), 16 * c) > -9 ? .6f : .2f;
            }
          }
          return new Scores(COLUMNS, 2, posteriors);
        }

        @Override
        public String adapterDigest() {
          return "adapter";
        }

        @Override
        public String deviceDescription() {
          return "ear";
        }

        @Override
        public void close() {}
      };

  /** Mean log-mel of one band over a column; what is padded is silent. */
  private static double level(MelWindow window, int from) {
    double sum = 0;
    for (int f = from; f < from + 16; f++) {
      sum += f < window.validFrames() ? window.rows()[f][100] : -16;
    }
    return sum / 16;
  }

  @Test
  void thresholdsAreChosenThatFindEveryBurst() {
    SceneJudge judge = new SceneJudge(MODEL);
    judge.add(scene(1, 1.0, 3.5), EAR, 8);
    judge.add(scene(2, 2.25, 4.5), EAR, 3);
    assertThat(judge.truth()).hasSize(4);
    assertThat(judge.score(COLLARS).microF1()).isZero();

    SortedMap<String, CalibratedPair> pairs = judge.calibrated(COLLARS);
    assertThat(pairs).containsOnlyKeys("loud");
    assertThat(pairs.get("loud").on()).isBetween(.2, .6);
    EventScore after = judge.score(pairs, COLLARS);
    assertThat(after.microF1()).isCloseTo(1, within(1e-9));
    assertThat(after.total().falsePositives()).isZero();
  }

  /** What sounds where nothing should is heard at 0.6, as the true bursts are. */
  @Test
  void aFalseAlarmInTheQuietWeighsMoreThanOneAmongSounds() {
    SceneJudge between = new SceneJudge(MODEL);
    between.add(scene(1, 1.0, 3.5), EAR, 8);
    between.add(new Scene(scene(3, 2.0).audio(), List.of()), EAR, 8);
    assertThat(between.calibrated(COLLARS).get("loud").counts().falsePositives()).isEqualTo(1);

    SceneJudge quiet = new SceneJudge(MODEL);
    quiet.add(scene(1, 1.0, 3.5), EAR, 8);
    List<MelWindow> windows = windows(scene(3, 2.0), 16);
    quiet.addQuiet(16, marks(windows), posteriors(windows));
    assertThat(quiet.calibrated(COLLARS, List.of("loud")).get("loud").counts().falsePositives())
        .isEqualTo(5);
    assertThat(quiet.calibrated(COLLARS, List.of("never"))).isEmpty();
  }

  @Test
  void windowsThatWereScoredAtAWiderHopShowTheSameEvents() {
    SceneJudge judge = new SceneJudge(MODEL);
    Scene scene = scene(1, 1.0, 3.5);
    List<MelWindow> windows = windows(scene, 32);
    judge.add(scene, 32, marks(windows), posteriors(windows));
    EventScore score = judge.score(judge.calibrated(COLLARS), COLLARS);
    assertThat(score.total().truePositives()).isEqualTo(2);
    assertThat(score.total().falsePositives()).isZero();
  }

  /** Odds of 9 and 1 to 9: their median is 1. */
  @Test
  void pooledThresholdsLieHalfWayToTheirMedianInLogOdds() {
    SceneJudge judge = new SceneJudge(MODEL);
    judge.add(scene(1, 1.0, 3.5), EAR, 8);
    Counts none = new Counts(0, 0, 0);
    SortedMap<String, CalibratedPair> pooled =
        judge.pooled(
            new TreeMap<>(
                Map.of(
                    "loud", new CalibratedPair(.9, .9, none),
                    "never", new CalibratedPair(.1, .1, none))),
            COLLARS);
    assertThat(pooled).containsOnlyKeys("loud", "never");
    assertThat(pooled.get("loud").on()).isCloseTo(.75, within(1e-9));
    assertThat(pooled.get("loud").off()).isCloseTo(.75, within(1e-9));
    assertThat(pooled.get("never").on()).isCloseTo(.25, within(1e-9));
    assertThat(pooled.get("loud").counts()).as("posteriors are .6").isEqualTo(new Counts(0, 0, 2));
    assertThat(judge.pooled(new TreeMap<>(), COLLARS)).isEmpty();
  }

  private static List<MelWindow> windows(Scene scene, int hopFrames) {
    return ClipWindows.of(scene.audio(), new FeatureSpec(FrontEnd.AST_FBANK, 128, hopFrames));
  }

  private static List<WindowMark> marks(List<MelWindow> windows) {
    return windows.stream().map(WindowMark::of).toList();
  }

  private static List<float[]> posteriors(List<MelWindow> windows) {
    Scores scores = EAR.score(windows);
    return IntStream.range(0, windows.size()).mapToObj(scores::of).toList();
  }

  /** Six seconds of near silence with half a second of noise at each onset. */
  private static Scene scene(long seed, double... onsetsSeconds) {
    RandomGenerator random = SeededRandom.of(seed);
    float[] samples = new float[6 * 16_000];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) (1e-5 * random.nextGaussian());
    }
    List<LabelledEvent> events = new ArrayList<>();
    for (double onset : onsetsSeconds) {
      for (int i = 0; i < 8_000; i++) {
        samples[(int) (onset * 16_000) + i] += (float) (0.1 * random.nextGaussian());
      }
      events.add(new LabelledEvent("loud", onset, onset + 0.5));
    }
    return new Scene(new Pcm(16_000, samples), events);
  }
}
