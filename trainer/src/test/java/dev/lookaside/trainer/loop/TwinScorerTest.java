package dev.lookaside.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.infer.Scores;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.HeadGrowth;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.send.BackgroundNoise;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TwinScorerTest {
  private static final ViTSpec VIT = new ViTSpec(8, 2, 2, 12, 2, 8, 2, 1e-6f);
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 1);
  private static final List<MelWindow> WINDOWS =
      ClipWindows.of(
          BackgroundNoise.pink(3, 16_000, 2), new FeatureSpec(FrontEnd.AST_FBANK, 32, 16));

  @TempDir private Path folder;

  private Backbone backbone() {
    Path file = folder.resolve("backbone.safetensors");
    SafetensorsWriter.write(
        file, RandomBackbone.tensors(VIT, 1, 0, 5), Map.of("heads", "2", "grid", "8x2"));
    return Backbone.load(file);
  }

  private static Adapter adapter(HeadKind head, Activation activation, long seed) {
    return AdapterFactory.random(
        VIT,
        new AdapterFactory.Meaning(
            List.of("a", "b", "c"), activation, head, FrontEnd.AST_FBANK, 32, -4, 4),
        Optional.of(new Bottleneck(Kernel.TIME, 3)),
        Optional.empty(),
        seed);
  }

  /** The same body, another head with one class more. */
  private static Adapter fitted(Adapter adapter) {
    Adapter grown = HeadGrowth.grown(adapter, List.of("d"));
    RandomGenerator random = SeededRandom.of(9);
    Map<String, FloatTensor> tensors = new TreeMap<>(grown.tensors());
    tensors.replaceAll(
        (name, tensor) -> {
          if (!name.startsWith("head.")) {
            return tensor;
          }
          float[] moved = tensor.toArray();
          for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) random.nextGaussian();
          }
          return FloatTensor.of(tensor.shape(), moved);
        });
    return AdapterFactory.of(tensors, grown.metadata());
  }

  @ParameterizedTest
  @EnumSource(HeadKind.class)
  void bothSayWhatTheyWouldSayAlone(HeadKind head) {
    Backbone backbone = backbone();
    Adapter incumbent = adapter(head, Activation.SIGMOID, 6);
    Adapter candidate = fitted(incumbent);
    assertThat(TwinScorer.fits(incumbent, candidate)).isTrue();
    assertThat(WINDOWS).hasSizeGreaterThan(5);
    try (TwinScorer twins = TwinScorer.open(backbone, incumbent, candidate, CPU)) {
      assertThat(twins.second().adapterDigest()).isEqualTo(candidate.digest());
      Scores first = twins.first().score(WINDOWS);
      same(first, backbone, incumbent);
      // In other batches than the first one's.
      same(twins.second().score(WINDOWS.subList(0, 2)), backbone, candidate);
      WindowScorer second = twins.second();
      assertThatThrownBy(() -> second.score(WINDOWS.subList(0, 1)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("window 0");
    }
  }

  private static void same(Scores found, Backbone backbone, Adapter adapter) {
    try (Scorer alone = Scorer.open(backbone, adapter, CPU)) {
      Scores wanted = alone.score(WINDOWS.subList(0, found.size()));
      assertThat(found.labels()).isEqualTo(adapter.labels().size());
      for (int i = 0; i < found.size(); i++) {
        assertThat(found.of(i)).containsExactly(wanted.of(i), within(1e-5f));
      }
    }
  }

  @Test
  void othersThanTheHeadMustBeTheSameBits() {
    Adapter sigmoid = adapter(HeadKind.COLUMNS, Activation.SIGMOID, 6);
    assertThat(TwinScorer.fits(sigmoid, adapter(HeadKind.COLUMNS, Activation.SIGMOID, 7)))
        .isFalse();
    assertThat(TwinScorer.fits(sigmoid, adapter(HeadKind.CLIP, Activation.SIGMOID, 6))).isFalse();
    Adapter softmax = adapter(HeadKind.COLUMNS, Activation.SOFTMAX, 6);
    assertThat(TwinScorer.fits(softmax, softmax)).as("rows depend on each other").isFalse();
  }
}
