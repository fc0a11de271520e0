package dev.lookaside.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Example;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.gradient.GradientRun;
import dev.lookaside.trainer.gradient.Loss;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelFitTest {
  private static final int FRAMES = 96;
  private static final List<String> LABELS = List.of("low", "high");
  private static final Backbone BACKBONE =
      Backbone.load(
          Path.of("../classifier/src/test/resources/golden/attnT_mlpF_96/backbone.safetensors"));
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 2, 1);

  private static final FitSettings SETTINGS =
      new FitSettings(
          OptimizerSettings.adamW(1e-4),
          Schedule.of("constant", 0, 0),
          1e-2,
          12,
          3,
          1,
          1,
          Order.SHUFFLED,
          1,
          100);

  @TempDir private Path folder;

  private static Adapter fresh(HeadKind head, int lastBlocks) {
    AdapterFactory.Meaning meaning =
        new AdapterFactory.Meaning(
            LABELS, Activation.SIGMOID, head, FrontEnd.AST_FBANK, FRAMES, 0, 1);
    Optional<Bottleneck> site = Optional.of(new Bottleneck(Kernel.TIME, 3));
    return AdapterFactory.fresh(BACKBONE.spec(), meaning, site, site, lastBlocks, 1);
  }

  /** Two classes of noise, loud below or above the middle of the mels. */
  private record Noise(int rows, boolean comesAgain) implements ExampleSource, ExampleSource.Epoch {
    @Override
    public List<String> labels() {
      return LABELS;
    }

    @Override
    public int size() {
      return 7;
    }

    @Override
    public String identity() {
      return "noise";
    }

    @Override
    public Epoch epoch(int epoch) {
      return this;
    }

    @Override
    public int label(int index) {
      return index % 2;
    }

    @Override
    public Example example(int index, RandomGenerator random) {
      SplittableRandom own = new SplittableRandom(index);
      float[] window = new float[FRAMES * 128];
      for (int i = 0; i < window.length; i++) {
        boolean loud = i % 128 / 64 == label(index);
        window[i] = (float) (own.nextDouble() - 0.5 + (loud ? 0.3 : 0));
      }
      float[] targets = new float[rows * 2];
      float[] weights = new float[rows];
      for (int r = 0; r < rows; r++) {
        targets[2 * r + label(index)] = 1;
        weights[r] = 1;
      }
      return new Example(
          "n" + index, window, targets, weights, comesAgain ? index : Example.VARIES);
    }
  }

  private Adapter fit(Adapter start, ExampleSource source, List<Double> losses) {
    return fit(start, TrainableWeights.ADAPTER, source, losses);
  }

  private Adapter fit(
      Adapter start, TrainableWeights moves, ExampleSource source, List<Double> losses) {
    FitProgress listener =
        new FitProgress() {
          @Override
          public void begun(long stepsDone) {}

          @Override
          public void stepped(Step step) {
            losses.add(step.loss());
          }
        };
    try (ModelFit fit =
        new ModelFit(
            BACKBONE,
            start,
            moves,
            Loss.of(Activation.SIGMOID),
            SETTINGS,
            source,
            new CheckpointFile(folder.resolve("checkpoint")),
            listener,
            CPU)) {
      fit.run(false);
      return fit.adapter(BACKBONE.digest(), Optional.empty());
    }
  }

  @ParameterizedTest
  @EnumSource(HeadKind.class)
  void whatTheFrozenBlocksGaveIsKeptWithoutChangingABit(HeadKind head) {
    Adapter start = fresh(head, 1);
    List<Double> kept = new ArrayList<>();
    List<Double> again = new ArrayList<>();
    Adapter a = fit(start, new Noise(start.columns(), true), kept);
    Adapter b = fit(start, new Noise(start.columns(), false), again);
    assertThat(a.digest()).isEqualTo(b.digest()).isNotEqualTo(start.digest());
    assertThat(kept).isEqualTo(again);
    assertThat(kept.get(kept.size() - 1)).isLessThan(0.75 * kept.get(0));
  }

  @Test
  void theFrozenBlocksRunOnceForAWindowThatComesAgain() {
    Adapter start = fresh(HeadKind.CLIP, 1);
    assertThat(windowsBelow(start, true)).isEqualTo(7);
    assertThat(windowsBelow(start, false)).isEqualTo(12 * 7);
  }

  /** How many windows the blocks below the first trained one are run for. */
  private int windowsBelow(Adapter start, boolean comesAgain) {
    SortedMap<String, float[]> weights = new TreeMap<>();
    start.tensors().forEach((name, tensor) -> weights.put(name, tensor.toArray()));
    int[] windows = new int[1];
    try (GradientRun run =
        GradientRun.open(
            BACKBONE,
            start,
            weights.keySet(),
            Loss.of(Activation.SIGMOID),
            CPU,
            GradientRun.KEPT_LIMIT_BYTES)) {
      PrefixCache cache =
          new PrefixCache(
              run,
              (some, count) -> {
                windows[0] += count;
                return run.entries(some, count);
              });
      new Fit(
              SETTINGS,
              new Noise(start.columns(), comesAgain),
              cache,
              Map.of(),
              Checkpoints.none(),
              new FitProgress() {
                @Override
                public void begun(long stepsDone) {}

                @Override
                public void stepped(Step step) {}
              })
          .run(weights, false);
    }
    return windows[0];
  }

  /** The blocks and the convolutions beside them run once per window; nothing else changes. */
  @ParameterizedTest
  @EnumSource(HeadKind.class)
  void aFitOfTheHeadLeavesTheConvolutionsAsTheyAre(HeadKind head) {
    Adapter start = fit(fresh(head, 2), new Noise(fresh(head, 2).columns(), true), noLosses());
    List<Double> kept = new ArrayList<>();
    List<Double> again = new ArrayList<>();
    Adapter a = fit(start, TrainableWeights.HEAD, new Noise(start.columns(), true), kept);
    Adapter b = fit(start, TrainableWeights.HEAD, new Noise(start.columns(), false), again);
    assertThat(a.digest()).isEqualTo(b.digest());
    assertThat(kept).isEqualTo(again);
    assertThat(kept.get(kept.size() - 1)).isLessThan(kept.get(0));
    start
        .tensors()
        .forEach(
            (name, tensor) -> {
              float[] before = tensor.toArray();
              float[] after = a.tensor(name).toArray();
              assertThat(Arrays.equals(before, after))
                  .as(name)
                  .isEqualTo(!name.startsWith("head."));
            });
  }

  private static List<Double> noLosses() {
    return new ArrayList<>();
  }

  @Test
  void theAdapterSaysWhatItWasFittedOn() {
    Adapter start = fresh(HeadKind.CLIP, 2);
    Adapter fitted = fit(start, new Noise(1, true), new ArrayList<>());
    assertThat(fitted.backboneDigest()).contains(BACKBONE.digest());
    assertThat(fitted.metadata().get("report"))
        .contains("\"examples\":\"noise\"")
        .contains("\"adapter\":\"" + start.digest());
    fitted.checkFits(BACKBONE);
  }

  @Test
  void examplesOfOtherRowsAreRefused() {
    Adapter start = fresh(HeadKind.COLUMNS, 1);
    assertThatThrownBy(() -> fit(start, new Noise(1, true), new ArrayList<>()))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("in 1 rows")
        .hasMessageContaining("in 6");
  }
}
