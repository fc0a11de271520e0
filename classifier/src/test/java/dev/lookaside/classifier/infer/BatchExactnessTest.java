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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Detections must be the same bytes whatever shared a batch: so must logits be, bit for bit. */
class BatchExactnessTest {
  @TempDir Path folder;

  @Test
  void aWindowScoresTheSameBitsInAnyBatchWithAnyNeighbours() {
    try (Scorer alone = open(model(2), HeadKind.CLIP, 1, 1, 128);
        Scorer batched = open(model(2), HeadKind.CLIP, 1, 16, 128)) {
      check(alone, batched, 16);
    }
  }

  @Test
  void theNumberOfThreadsDoesNotChangeABit() {
    try (Scorer alone = open(model(2), HeadKind.CLIP, 1, 1, 128);
        Scorer threaded = open(model(2), HeadKind.CLIP, 3, 16, 128)) {
      check(alone, threaded, 16);
    }
  }

  @Test
  void aBackboneWithOnlyAClsTokenIsExactToo() {
    try (Scorer alone = open(model(1), HeadKind.CLIP, 1, 1, 32);
        Scorer batched = open(model(1), HeadKind.CLIP, 2, 16, 32)) {
      check(alone, batched, 16);
    }
  }

  /** Fewer windows than threads, a model large enough: then all threads share a run. */
  @Test
  void aLargeModelIsExactToo() {
    Backbone large = model(new ViTSpec(384, 5, 6, 1536, 2, 8, 8, 1e-6f));
    try (Scorer alone = open(large, HeadKind.CLIP, 1, 1, 256);
        Scorer threaded = open(large, HeadKind.CLIP, 3, 4, 256)) {
      check(alone, threaded, 4);
    }
  }

  @Test
  void columnsAreExactToo() {
    try (Scorer alone = open(model(2), HeadKind.COLUMNS, 1, 1, 48);
        Scorer batched = open(model(2), HeadKind.COLUMNS, 2, 16, 48)) {
      check(alone, batched, 16);
    }
    try (Scorer alone = open(model(1), HeadKind.COLUMNS, 1, 1, 16);
        Scorer batched = open(model(1), HeadKind.COLUMNS, 2, 16, 16)) {
      check(alone, batched, 16);
    }
  }

  private static void check(Scorer alone, Scorer other, int most) {
    int floats = alone.adapter().windowFrames() * 128;
    SeededRandom.forAll(
        BatchExactnessTest.class,
        2,
        random -> {
          float[] window = noise(random, floats);
          float[] expected = alone.logits(window, 1)[0];
          for (int batch = 1; batch <= most; batch++) {
            float[] x = noise(random, batch * floats);
            int slot = random.nextInt(batch);
            System.arraycopy(window, 0, x, slot * floats, floats);
            assertThat(other.logits(x, batch)[slot])
                .as("window %d of %d", slot, batch)
                .containsExactly(expected);
          }
        });
  }

  private static float[] noise(RandomGenerator random, int n) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  private Backbone model(int specials) {
    return model(new ViTSpec(192, 2, 3, 768, specials, 8, 8, 1e-6f));
  }

  private Backbone model(ViTSpec spec) {
    Path file = folder.resolve("backbone" + spec.hashCode() + ".safetensors");
    SafetensorsWriter.write(file, RandomBackbone.tensors(spec, 1, 0, 7), Map.of());
    return Backbone.load(file);
  }

  private static Scorer open(
      Backbone backbone, HeadKind head, int threads, int maxBatch, int frames) {
    Adapter adapter =
        AdapterFactory.random(
            backbone.spec(),
            new AdapterFactory.Meaning(
                List.of("a", "b", "c"),
                Activation.SIGMOID,
                head,
                FrontEnd.AST_FBANK,
                frames,
                -4.3f,
                4.6f),
            Optional.of(new Bottleneck(Kernel.TIME, 16)),
            Optional.of(new Bottleneck(Kernel.FREQUENCY, 16)),
            3);
    return Scorer.open(backbone, adapter, new ScorerSettings(Device.CPU, threads, maxBatch));
  }
}
