package dev.lookaside.trainer.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.SceneSettings;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SceneExamplesTest {
  private static final int RATE_HZ = 16_000;
  private static final int FRAMES = 64;
  private static final WindowSpec SPEC = new WindowSpec(FrontEnd.AST_FBANK, FRAMES, -6, 5);
  private static final List<String> LABELS = List.of("a", "b");

  private static Clip tone(String name, int label, double hz, double seconds) {
    float[] samples = new float[(int) (seconds * RATE_HZ)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) (0.5 * Math.sin(2 * Math.PI * hz * i / RATE_HZ));
    }
    return new Clip(name, label, () -> new Pcm(RATE_HZ, samples));
  }

  private static SceneExamples scenes(boolean columns, long seed) {
    ClipSet clips =
        ClipSet.read(
            FrontEnd.AST_FBANK,
            LABELS,
            List.of(tone("a", 0, 500, 0.7), tone("b", 1, 3000, 0.4)),
            true);
    SceneSettings settings = new SceneSettings(4, 0.2, 0.6, 30, 30, 0, 0.005);
    return new SceneExamples(
        clips,
        List.of(),
        SPEC,
        columns,
        new SceneExamples.Plan(3, settings, 16, seed),
        Augmentation.NONE);
  }

  @Test
  void everyEpochHasNewScenesAndTheSameNumberGivesTheSame() {
    SceneExamples one = scenes(true, 1);
    SceneExamples two = scenes(true, 1);
    int frames = (int) FrontEnd.AST_FBANK.frameCount(4 * RATE_HZ);
    assertThat(one.size()).isEqualTo(3 * (1 + (frames - FRAMES) / 16));
    SplittableRandom unused = new SplittableRandom(1);
    float[] first = one.epoch(0).example(5, unused).window();
    assertThat(two.epoch(0).example(5, unused).window()).isEqualTo(first);
    assertThat(one.epoch(1).example(5, unused).window()).isNotEqualTo(first);
    assertThat(scenes(true, 2).epoch(0).example(5, unused).window()).isNotEqualTo(first);
  }

  @Test
  void aColumnIsLoudWhereItsTargetSaysThatAnEventSounds() {
    ExampleSource.Epoch epoch = scenes(true, 3).epoch(0);
    double heard = 0;
    for (int i = 0; i < 20; i++) {
      Example example = epoch.example(i, new SplittableRandom(1));
      assertThat(example.weights()).containsOnly(1);
      for (int c = 0; c < FRAMES / 16; c++) {
        float target = Math.max(example.targets()[2 * c], example.targets()[2 * c + 1]);
        double loudest = loudest(example.window(), 16 * c);
        if (target == 1) {
          assertThat(loudest).as("%s column %d", example.name(), c).isGreaterThan(0.7);
        } else if (target == 0) {
          assertThat(loudest).as("%s column %d", example.name(), c).isLessThan(0.7);
        }
        heard += target;
      }
    }
    assertThat(heard).isGreaterThan(5);
  }

  /** Largest value in the first 12 frames of a column: the last ones look into the next. */
  private static double loudest(float[] window, int fromFrame) {
    double max = -100;
    for (int i = fromFrame * 128; i < (fromFrame + 12) * 128; i++) {
      max = Math.max(max, window[i]);
    }
    return max;
  }

  private static float[] targets(boolean columns, int fromFrame, LabelledEvent... events) {
    Targets targets = new Targets(SPEC, columns, 2);
    float[] wanted = new float[targets.values()];
    targets.scene(List.of(events), LABELS, fromFrame, wanted, new float[targets.rows()]);
    return wanted;
  }

  @Test
  void aColumnsTargetIsTheShareOfItsTimeThatTheClassSounds() {
    // Columns of 0.16 s from 0.32 s on.
    float[] found =
        targets(
            true,
            32,
            new LabelledEvent("a", 0.40, 0.68),
            new LabelledEvent("b", 0.48, 0.56),
            new LabelledEvent("b", 0.60, 0.64));
    float[] expected = {0.5f, 0, 1, 0.75f, 0.25f, 0, 0, 0};
    assertThat(found).containsExactly(expected, within(1e-5f));
  }

  @Test
  void aWindowIsOfAClassThatFillsHalfOfItOrHasHalfAnEventInIt() {
    // Windows of 0.64 s.
    assertThat(targets(false, 0, new LabelledEvent("a", 0.31, 2))).containsExactly(1, 0);
    assertThat(targets(false, 0, new LabelledEvent("a", 0.33, 2))).containsExactly(0, 0);
    assertThat(targets(false, 0, new LabelledEvent("b", 0.55, 0.72))).containsExactly(0, 1);
    assertThat(targets(false, 0, new LabelledEvent("b", 0.57, 0.72))).containsExactly(0, 0);
    assertThat(targets(false, 0, new LabelledEvent("a", 0, 0.1), new LabelledEvent("b", 0.2, 0.3)))
        .containsExactly(1, 1);
    assertThat(targets(false, 100, new LabelledEvent("a", 0, 1.0))).containsExactly(0, 0);
  }

  @Test
  void aSceneShorterThanAWindowIsRefused() {
    ClipSet clips =
        ClipSet.read(FrontEnd.AST_FBANK, List.of("a"), List.of(tone("a", 0, 500, 0.2)), true);
    assertThatThrownBy(
            () ->
                new SceneExamples(
                    clips,
                    List.of(),
                    SPEC,
                    true,
                    new SceneExamples.Plan(1, SceneSettings.ofSeconds(0.5), 16, 1),
                    Augmentation.NONE))
        .hasMessageContaining("scene seconds \"0.5\"");
  }

  @Test
  void distractorsAreHeardAndWantedByNoClass() {
    ClipSet clips =
        ClipSet.read(
            FrontEnd.AST_FBANK,
            LABELS,
            List.of(tone("a", 0, 500, 0.7), tone("b", 1, 3000, 0.4)),
            true);
    Pcm distractor = tone("d", 0, 1500, 0.5).reader().get();
    SceneExamples.Plan plan =
        new SceneExamples.Plan(3, new SceneSettings(4, 0.2, 0.6, 30, 30, 0, 0.005), 16, 3);
    SceneExamples with =
        new SceneExamples(
            clips,
            new SceneExamples.Unlabelled(List.of(), List.of(distractor), 0.5),
            SPEC,
            true,
            plan,
            Augmentation.NONE);
    assertThat(with.identity()).isNotEqualTo(scenes(true, 3).identity());
    int unwanted = 0;
    for (int i = 0; i < with.size(); i++) {
      Example example = with.epoch(0).example(i, new SplittableRandom(1));
      for (int c = 0; c < FRAMES / 16; c++) {
        boolean wanted = example.targets()[2 * c] + example.targets()[2 * c + 1] > 0;
        unwanted += !wanted && loudest(example.window(), 16 * c) > 0.7 ? 1 : 0;
      }
    }
    assertThat(unwanted).isPositive();
  }

  @Test
  void fixedExamplesAreThoseOfTheFirstEpochAgainAndAgain() {
    FixedExamples fixed = new FixedExamples(scenes(true, 4));
    float[] first = scenes(true, 4).epoch(0).example(5, new SplittableRandom(1)).window();
    for (int epoch = 0; epoch < 3; epoch++) {
      Example example = fixed.epoch(epoch).example(5, new SplittableRandom(epoch));
      assertThat(example.window()).isEqualTo(first);
      assertThat(example.key()).isEqualTo(5);
    }
    assertThat(fixed.size()).isEqualTo(scenes(true, 4).size());
  }

  @Test
  void atTwiceTheSpeedSoundsAreHalfAsLongAndAnOctaveHigher() {
    ClipSet clips = clipsOf(1000, 0.6);
    assertThat(loudestMel(scenes(clips, List.of(2.0))))
        .isEqualTo(loudestMel(scenes(clipsOf(2000, 0.3), List.of(1.0))))
        .isGreaterThan(loudestMel(scenes(clips, List.of(1.0))));
    assertThat(heardColumns(scenes(clips, List.of(2.0))))
        .isEqualTo(heardColumns(scenes(clipsOf(2000, 0.3), List.of(1.0))));
    assertThatThrownBy(() -> scenes(clips, List.of(1.0, 2.5)))
        .hasMessageContaining("speed \"2.5\": must be 0.5 to 2.0");
  }

  private static ClipSet clipsOf(double hz, double seconds) {
    return ClipSet.read(FrontEnd.AST_FBANK, List.of("a"), List.of(tone("a", 0, hz, seconds)), true);
  }

  private static SceneExamples scenes(ClipSet clips, List<Double> speeds) {
    SceneSettings settings = new SceneSettings(4, 0.2, 0.6, 30, 30, 0, 0.005);
    SceneExamples.Plan plan = new SceneExamples.Plan(1, settings, FRAMES, speeds, 5);
    return new SceneExamples(clips, List.of(), SPEC, true, plan, Augmentation.NONE);
  }

  private static double heardColumns(SceneExamples scenes) {
    double heard = 0;
    for (int i = 0; i < scenes.size(); i++) {
      for (float target : scenes.epoch(0).example(i, new SplittableRandom(1)).targets()) {
        heard += target;
      }
    }
    return heard;
  }

  private static int loudestMel(SceneExamples scenes) {
    double[] sums = new double[128];
    for (int i = 0; i < scenes.size(); i++) {
      float[] window = scenes.epoch(0).example(i, new SplittableRandom(1)).window();
      for (int v = 0; v < window.length; v++) {
        sums[v % sums.length] += window[v];
      }
    }
    int loudest = 0;
    for (int mel = 1; mel < sums.length; mel++) {
      loudest = sums[mel] > sums[loudest] ? mel : loudest;
    }
    return loudest;
  }
}
