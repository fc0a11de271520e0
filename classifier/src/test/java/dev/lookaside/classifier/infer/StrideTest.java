package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;

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
import dev.lookaside.ingest.SeededRandom;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrideTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(ints = {7, 10, 16})
  void overlappingPatchesAgreeWithASlowForward(int stride) {
    ViTSpec vit = new ViTSpec(16, 1, 2, 32, 2, 3, 3, 1e-6f);
    Path file = folder.resolve("backbone.safetensors");
    SafetensorsWriter.write(file, RandomBackbone.tensors(vit, 1, 0, 1), Map.of("heads", "2"));
    Backbone backbone = Backbone.load(file);
    AdapterFactory.Meaning meaning =
        new AdapterFactory.Meaning(
            List.of("a", "b"),
            Activation.SIGMOID,
            HeadKind.CLIP,
            FrontEnd.AST_FBANK,
            45,
            -4,
            4,
            stride);
    Adapter adapter =
        AdapterFactory.random(
            vit,
            meaning,
            Optional.of(new Bottleneck(Kernel.TIME, 4)),
            Optional.of(new Bottleneck(Kernel.FREQUENCY, 4)),
            2);
    assertThat(adapter.shape().gridRows()).isEqualTo((128 - 16) / stride + 1);
    assertThat(adapter.shape().gridColumns()).isEqualTo((45 - 16) / stride + 1);
    RandomGenerator random = SeededRandom.of(3);
    float[] x = new float[45 * 128];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    try (Scorer scorer = Scorer.open(backbone, adapter, new ScorerSettings(Device.CPU, 1, 2))) {
      float[] expected = new ReferenceForward(backbone, adapter).logits(x);
      assertThat(GoldenForwardTest.relativeError(scorer.logits(x, 1)[0], expected))
          .isLessThan(1e-5);
    }
  }
}
