package dev.lookaside.trainer.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.infer.Scores;
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

class KeptEmbeddingsTest {
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
          if (!name.startsWith("head.fc.")) {
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
  void twoHeadsOverOneBodySayWhatTheyWouldSayAloneForOneRun(HeadKind head) {
    Backbone backbone = backbone();
    Adapter incumbent = adapter(head, Activation.SIGMOID, 6);
    Adapter candidate = fitted(incumbent);
    assertThat(WINDOWS).hasSizeGreaterThan(5);
    try (KeptEmbeddings kept = new KeptEmbeddings(backbone, CPU, 1 << 20)) {
      assertThat(kept.alike(incumbent, candidate)).isTrue();
      same(kept.scorer(incumbent).score(WINDOWS), backbone, incumbent);
      assertThat(kept.computed()).isEqualTo(WINDOWS.size());
      // In other batches than the first one's.
      same(kept.scorer(candidate).score(WINDOWS.subList(0, 2)), backbone, candidate);
      assertThat(kept.computed()).isEqualTo(WINDOWS.size());
      assertThat(kept.scorer(candidate).adapterDigest()).isEqualTo(candidate.digest());
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

  /** What is kept, and which windows are run together, decides nothing but time. */
  @Test
  void theSameBitsWhetherKeptOrNot() {
    Backbone backbone = backbone();
    Adapter adapter = adapter(HeadKind.COLUMNS, Activation.SIGMOID, 6);
    try (KeptEmbeddings all = new KeptEmbeddings(backbone, CPU, 1 << 20);
        KeptEmbeddings none =
            new KeptEmbeddings(backbone, new ScorerSettings(Device.CPU, 2, 4), 0)) {
      List<float[]> once = all.of(adapter, WINDOWS);
      assertThat(all.of(adapter, WINDOWS)).containsExactlyElementsOf(once);
      for (int i = WINDOWS.size() - 1; i >= 0; i--) {
        assertThat(none.of(adapter, WINDOWS.subList(i, i + 1)).get(0)).isEqualTo(once.get(i));
      }
      assertThat(none.of(adapter, WINDOWS)).usingRecursiveComparison().isEqualTo(once);
      assertThat(none.computed()).as("nothing was kept").isEqualTo(2L * WINDOWS.size());
    }
  }

  @Test
  void thoseUsedLongestAgoGoFirst() {
    Backbone backbone = backbone();
    Adapter adapter = adapter(HeadKind.CLIP, Activation.SIGMOID, 6);
    long three = 3L * Float.BYTES * VIT.width();
    try (KeptEmbeddings kept = new KeptEmbeddings(backbone, CPU, three)) {
      kept.of(adapter, WINDOWS.subList(0, 3));
      kept.of(adapter, WINDOWS.subList(0, 1));
      kept.of(adapter, WINDOWS.subList(3, 4));
      kept.of(adapter, WINDOWS.subList(0, 1));
      assertThat(kept.computed()).isEqualTo(4);
      kept.of(adapter, WINDOWS.subList(1, 2));
      assertThat(kept.computed()).as("the second one had gone").isEqualTo(5);
    }
  }

  @Test
  void anotherBodyIsNotAlike() {
    Adapter adapter = adapter(HeadKind.COLUMNS, Activation.SIGMOID, 6);
    try (KeptEmbeddings kept = new KeptEmbeddings(backbone(), CPU, 1 << 20)) {
      assertThat(kept.alike(adapter, adapter(HeadKind.COLUMNS, Activation.SIGMOID, 7))).isFalse();
      assertThat(kept.alike(adapter, adapter(HeadKind.CLIP, Activation.SIGMOID, 6))).isFalse();
    }
  }
}
