package dev.lookaside.trainer.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.HeadProduct;
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
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EmbeddingCacheTest {
  private static final ViTSpec VIT = new ViTSpec(8, 2, 2, 12, 2, 8, 2, 1e-6f);
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 1);
  private static final int HOP = 16;
  private static final Runnable GO_ON = () -> {};
  private static final List<Pcm> CLIPS =
      IntStream.range(0, 4).mapToObj(i -> BackgroundNoise.pink(3 + i, 16_000, 1 + .1 * i)).toList();

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
    int windows = CLIPS.stream().mapToInt(clip -> windows(clip).size()).sum();
    assertThat(windows).isGreaterThan(4 * CLIPS.size());
    try (EmbeddingCache kept = new EmbeddingCache(backbone, CPU, 1 << 20)) {
      assertThat(kept.alike(incumbent, candidate)).isTrue();
      same(kept, CLIPS, backbone, incumbent);
      assertThat(kept.computed()).isEqualTo(windows);
      // In other parts than the first one's.
      same(kept, CLIPS.subList(1, 3), backbone, candidate);
      assertThat(kept.computed()).isEqualTo(windows);
    }
  }

  private static List<MelWindow> windows(Pcm clip) {
    return ClipWindows.of(clip, new FeatureSpec(FrontEnd.AST_FBANK, 32, HOP));
  }

  private static void same(
      EmbeddingCache kept, List<Pcm> clips, Backbone backbone, Adapter adapter) {
    List<CachedClip> found = kept.of(adapter, HOP, clips, GO_ON);
    assertThat(found).hasSameSizeAs(clips);
    try (Scorer alone = Scorer.open(backbone, adapter, CPU)) {
      for (int c = 0; c < found.size(); c++) {
        List<MelWindow> windows = windows(clips.get(c));
        List<float[]> posteriors = found.get(c).posteriors(HeadProduct.of(adapter));
        assertThat(posteriors).hasSameSizeAs(windows);
        for (int i = 0; i < windows.size(); i++) {
          Scores wanted = alone.score(windows.subList(i, i + 1));
          assertThat(found.get(c).windows().get(i).span()).isEqualTo(windows.get(i).span());
          assertThat(posteriors.get(i)).containsExactly(wanted.of(0), within(1e-5f));
        }
      }
    }
  }

  /** What is kept, and which windows are run together, decides nothing but time. */
  @Test
  void theSameBitsWhetherKeptOrNot() {
    Backbone backbone = backbone();
    Adapter adapter = adapter(HeadKind.COLUMNS, Activation.SIGMOID, 6);
    try (EmbeddingCache all = new EmbeddingCache(backbone, CPU, 1 << 20);
        EmbeddingCache none =
            new EmbeddingCache(backbone, new ScorerSettings(Device.CPU, 2, 4), 0)) {
      List<CachedClip> once = all.of(adapter, HOP, CLIPS, GO_ON);
      assertThat(all.of(adapter, HOP, CLIPS, GO_ON)).isEqualTo(once);
      for (int i = CLIPS.size() - 1; i >= 0; i--) {
        assertThat(none.of(adapter, HOP, CLIPS.subList(i, i + 1), GO_ON).get(0))
            .usingRecursiveComparison()
            .isEqualTo(once.get(i));
      }
      assertThat(none.of(adapter, HOP, CLIPS, GO_ON)).usingRecursiveComparison().isEqualTo(once);
      assertThat(none.computed()).as("nothing was kept").isEqualTo(2 * all.computed());
    }
  }

  @Test
  void thoseUsedLongestAgoGoFirst() {
    Backbone backbone = backbone();
    Adapter adapter = adapter(HeadKind.CLIP, Activation.SIGMOID, 6);
    List<Pcm> four =
        IntStream.range(0, 4).mapToObj(i -> BackgroundNoise.pink(i, 16_000, .5)).toList();
    int windows = windows(four.get(0)).size();
    long three = 3L * windows * Float.BYTES * VIT.width();
    try (EmbeddingCache kept = new EmbeddingCache(backbone, CPU, three)) {
      kept.of(adapter, HOP, four.subList(0, 3), GO_ON);
      kept.of(adapter, HOP, four.subList(0, 1), GO_ON);
      kept.of(adapter, HOP, four.subList(3, 4), GO_ON);
      kept.of(adapter, HOP, four.subList(0, 1), GO_ON);
      assertThat(kept.computed()).isEqualTo(4L * windows);
      kept.of(adapter, HOP, four.subList(1, 2), GO_ON);
      assertThat(kept.computed()).as("the second one had gone").isEqualTo(5L * windows);
    }
  }

  @Test
  void otherWindowsOfTheSameClipAreOthers() {
    Adapter adapter = adapter(HeadKind.COLUMNS, Activation.SIGMOID, 6);
    try (EmbeddingCache kept = new EmbeddingCache(backbone(), CPU, 1 << 20)) {
      int fine = kept.of(adapter, HOP, CLIPS, GO_ON).get(0).windows().size();
      assertThat(kept.of(adapter, 2 * HOP, CLIPS, GO_ON).get(0).windows())
          .hasSizeBetween(fine / 2, fine / 2 + 1);
    }
  }

  @Test
  void anotherBodyIsNotAlike() {
    Adapter adapter = adapter(HeadKind.COLUMNS, Activation.SIGMOID, 6);
    try (EmbeddingCache kept = new EmbeddingCache(backbone(), CPU, 1 << 20)) {
      assertThat(kept.alike(adapter, adapter(HeadKind.COLUMNS, Activation.SIGMOID, 7))).isFalse();
      assertThat(kept.alike(adapter, adapter(HeadKind.CLIP, Activation.SIGMOID, 6))).isFalse();
    }
  }
}
