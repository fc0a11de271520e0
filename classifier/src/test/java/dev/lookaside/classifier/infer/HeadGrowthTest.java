package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadGrowth;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.classifier.weights.WeightsException;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SeededRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeadGrowthTest {
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 4);
  private static final ViTSpec VIT = new ViTSpec(64, 2, 2, 128, 2, 8, 8, 1e-6f);
  private static final int FRAMES = 64;
  @TempDir private Path folder;

  private static Adapter adapter(HeadKind head, int classes) {
    List<String> labels = IntStream.range(0, classes).mapToObj(i -> "class " + i).toList();
    Optional<Bottleneck> site = Optional.of(new Bottleneck(Kernel.TIME, 3));
    Adapter random =
        AdapterFactory.random(
            VIT,
            new AdapterFactory.Meaning(
                labels, Activation.SIGMOID, head, FrontEnd.AST_FBANK, FRAMES, -4, 4),
            site,
            site,
            classes);
    return AdapterFactory.withThresholds(random, Map.of("class 0", new Threshold(.9, .8)));
  }

  @Test
  void classesThatAreUnlearnedBeginAsNewOnesDo() {
    Adapter grown = HeadGrowth.grown(adapter(HeadKind.CLIP, 1), names(3));
    Adapter unlearned = HeadGrowth.unlearned(adapter(HeadKind.CLIP, 4));
    int width = unlearned.tensor("head.fc.weight").size() / 4;
    float[] weight = grown.tensor("head.fc.weight").toArray();
    float[] bias = grown.tensor("head.fc.bias").toArray();
    for (int c = 0; c < 4; c++) {
      assertThat(rows(unlearned, "head.fc.weight", c, width))
          .containsExactly(Arrays.copyOfRange(weight, width, 2 * width));
      assertThat(rows(unlearned, "head.fc.bias", c, 1)).containsExactly(bias[1]);
    }
    assertThat(unlearned.thresholds()).isEqualTo(adapter(HeadKind.CLIP, 4).thresholds());
  }

  private static float[] rows(Adapter adapter, String name, int row, int width) {
    return Arrays.copyOfRange(adapter.tensor(name).toArray(), row * width, (row + 1) * width);
  }

  /** Whatever the number of classes before and after: the head's products are padded to eights. */
  @Test
  void logitsOfTheClassesItHadKeepEveryBit() {
    Path file = folder.resolve("backbone.safetensors");
    SafetensorsWriter.write(
        file, RandomBackbone.tensors(VIT, 1, 0, 5), Map.of("heads", "2", "grid", "8x8"));
    Backbone backbone = Backbone.load(file);
    SeededRandom.forAll(
        HeadGrowthTest.class,
        12,
        random -> {
          HeadKind head = random.nextBoolean() ? HeadKind.CLIP : HeadKind.COLUMNS;
          int classes = random.nextInt(1, 20);
          int added = random.nextInt(1, 12);
          Adapter before = adapter(head, classes);
          Adapter after = HeadGrowth.grown(before, names(added));
          int windows = random.nextInt(1, 4);
          float[] normalised = normals(random, windows * FRAMES * 128);
          float[][] old = logits(backbone, before, normalised, windows);
          float[][] grown = logits(backbone, after, normalised, windows);
          for (int w = 0; w < windows; w++) {
            for (int c = 0; c < before.columns(); c++) {
              int from = c * (classes + added);
              assertThat(Arrays.copyOfRange(grown[w], from, from + classes))
                  .containsExactly(Arrays.copyOfRange(old[w], c * classes, (c + 1) * classes));
              assertThat(Arrays.copyOfRange(grown[w], from + classes, from + classes + added))
                  .containsOnly(-4.59512f);
            }
          }
        });
  }

  private static float[][] logits(Backbone backbone, Adapter adapter, float[] x, int windows) {
    try (Scorer scorer = Scorer.open(backbone, adapter, CPU)) {
      return scorer.logits(x, windows);
    }
  }

  private static float[] normals(RandomGenerator random, int count) {
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  private static List<String> names(int count) {
    List<String> names = new ArrayList<>();
    IntStream.range(0, count).forEach(i -> names.add("new " + i));
    return names;
  }

  @Test
  void whatTheFileSaysGrowsToo() {
    Adapter before = adapter(HeadKind.COLUMNS, 2);
    Adapter after = HeadGrowth.grown(before, List.of("dog"));
    assertThat(after.labels()).containsExactly("class 0", "class 1", "dog");
    assertThat(after.thresholds().get("class 0")).isEqualTo(new Threshold(.9, .8));
    assertThat(after.thresholds().get("dog")).isEqualTo(Threshold.DEFAULT);
    assertThat(after.metadata()).containsEntry("parent", before.digest());
    assertThat(HeadGrowth.grown(before, List.of())).isSameAs(before);
  }

  @Test
  void aClassItHasOrABlankOneIsNamed() {
    Adapter before = adapter(HeadKind.CLIP, 2);
    assertThatThrownBy(() -> HeadGrowth.grown(before, List.of("class 1")))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("class \"class 1\": is named twice");
    assertThatThrownBy(() -> HeadGrowth.grown(before, List.of("dog", "dog")))
        .hasMessageContaining("class \"dog\": is named twice");
    assertThatThrownBy(() -> HeadGrowth.grown(before, List.of(" ")))
        .hasMessageContaining("must not begin or end with a blank");
  }
}
