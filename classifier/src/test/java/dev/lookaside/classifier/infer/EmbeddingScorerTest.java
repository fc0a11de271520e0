package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SeededRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddingScorerTest {
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 4);
  private static final ViTSpec VIT = new ViTSpec(64, 2, 2, 128, 2, 8, 8, 1e-6f);
  private static final int FRAMES = 64;
  @TempDir private Path folder;

  private static Adapter adapter(HeadKind head) {
    Optional<Bottleneck> site = Optional.of(new Bottleneck(Kernel.TIME, 3));
    return AdapterFactory.random(
        VIT,
        new AdapterFactory.Meaning(
            List.of("a", "b", "c"), Activation.SIGMOID, head, FrontEnd.AST_FBANK, FRAMES, -4, 4),
        site,
        site,
        7);
  }

  private static List<MelWindow> windows(int count) {
    RandomGenerator random = SeededRandom.of(5);
    List<MelWindow> windows = new ArrayList<>();
    for (int w = 0; w < count; w++) {
      float[][] rows = new float[FRAMES][128];
      for (float[] row : rows) {
        for (int m = 0; m < row.length; m++) {
          row[m] = (float) (random.nextGaussian() * 4 - 5);
        }
      }
      windows.add(Windows.of("s", w, rows));
    }
    return windows;
  }

  /** More windows than one run takes; the head's last product is done here by hand. */
  @Test
  void theHeadMakesTheScorersPosteriorsOfTheEmbeddings() {
    Path file = folder.resolve("backbone.safetensors");
    SafetensorsWriter.write(
        file, RandomBackbone.tensors(VIT, 1, 0, 5), Map.of("heads", "2", "grid", "8x8"));
    Backbone backbone = Backbone.load(file);
    for (HeadKind head : HeadKind.values()) {
      Adapter adapter = adapter(head);
      float[] weight = adapter.tensor("head.fc.weight").toArray();
      float[] bias = adapter.tensor("head.fc.bias").toArray();
      try (EmbeddingScorer embedder = EmbeddingScorer.open(backbone, adapter, CPU);
          Scorer scorer = Scorer.open(backbone, adapter, CPU)) {
        List<MelWindow> windows = windows(6);
        Embeddings found = embedder.embed(windows);
        Scores expected = scorer.score(windows);
        assertThat(found.width()).isEqualTo(64);
        assertThat(found.scores().columns()).isEqualTo(head == HeadKind.CLIP ? 1 : 4);
        for (int w = 0; w < 6; w++) {
          for (int i = 0; i < expected.of(w).length; i++) {
            int row = i / 3;
            int label = i % 3;
            double logit = bias[label];
            for (int d = 0; d < 64; d++) {
              logit += (double) weight[label * 64 + d] * found.embeddings()[w][row * 64 + d];
            }
            assertThat(1 / (1 + Math.exp(-logit))).isCloseTo(expected.of(w)[i], within(1e-5));
            assertThat(found.scores().of(w)[i]).isCloseTo(expected.of(w)[i], within(1e-6f));
          }
        }
        assertThat(embedder.adapterDigest()).isEqualTo(adapter.digest());
      }
    }
  }
}
