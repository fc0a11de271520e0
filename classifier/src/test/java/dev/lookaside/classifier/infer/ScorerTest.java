package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import dev.lookaside.classifier.weights.WeightsException;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SeededRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScorerTest {
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 4);
  @TempDir Path folder;

  @Test
  void windowsAreNormalisedAsAstDoesAndScoredInOrder() {
    RandomGenerator random = SeededRandom.of(3);
    try (Scorer scorer = Scorer.open(backbone(2, 8, 8), adapter(HeadKind.CLIP, 40), CPU)) {
      List<MelWindow> windows = new ArrayList<>();
      float[] normalised = new float[7 * 40 * 128];
      int at = 0;
      for (int w = 0; w < 7; w++) {
        float[][] rows = new float[40][128];
        for (float[] row : rows) {
          for (int m = 0; m < 128; m++) {
            row[m] = (float) (random.nextGaussian() * 4 - 5);
            normalised[at++] = (row[m] - -4.25f) / (2 * 4.5f);
          }
        }
        windows.add(Windows.of("s", w, rows));
      }
      Scores scores = scorer.score(windows);
      float[][] logits = scorer.logits(normalised, 7);
      assertThat(scores.size()).isEqualTo(7);
      for (int w = 0; w < 7; w++) {
        assertThat(scores.of(w)).containsExactly(scorer.posteriors(logits[w]));
        assertThat(scores.of(w)).hasSize(3);
      }
      assertThatThrownBy(() -> scorer.score(List.of(Windows.of("s", 9, new float[39][128]))))
          .hasMessageContaining("window 9 of s has 39 x 128 values: the adapter wants 40 x 128");
      assertThatThrownBy(() -> scorer.logits(normalised, 6)).hasMessageContaining("6 windows");
      assertThat(scorer.deviceDescription()).isEqualTo("cpu, 1 threads (device cpu is configured)");
    }
  }

  /** 5 columns on an 8 x 3 table: one axis stretched; 40 frames: the last 8 stand in no patch. */
  @Test
  void theGraphAgreesWithTheSlowForwardOnOddShapes() {
    for (HeadKind head : HeadKind.values()) {
      for (int specials = 1; specials <= 2; specials++) {
        for (int frames : new int[] {40, 80}) {
          agrees(backbone(specials, 8, 3), adapter(head, frames));
          agrees(backbone(specials, 5, 9), adapter(head, frames));
        }
      }
    }
  }

  private static void agrees(Backbone backbone, Adapter adapter) {
    float[] x = new float[adapter.windowFrames() * 128];
    RandomGenerator random = SeededRandom.of(11);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    float[] expected = new ReferenceForward(backbone, adapter).logits(x);
    try (Scorer scorer = Scorer.open(backbone, adapter, CPU)) {
      float[] found = scorer.logits(x, 1)[0];
      assertThat(GoldenForwardTest.relativeError(found, expected)).isLessThan(1e-5);
      Attention full = scorer.logitsAndAttention(x, 1);
      assertThat(GoldenForwardTest.relativeError(full.logits()[0], expected)).isLessThan(1e-5);
      float[] first = Arrays.copyOf(full.attention()[0], full.tokens());
      double sum = 0;
      for (float share : first) {
        sum += share;
      }
      assertThat(sum).isBetween(1 - 1e-5, 1 + 1e-5);
    }
  }

  @Test
  void anAdapterForAnotherWidthIsRefused() {
    Backbone other = write(new ViTSpec(64, 1, 1, 128, 2, 8, 8, 1e-6f));
    assertThatThrownBy(() -> Scorer.open(other, adapter(HeadKind.CLIP, 96), CPU))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("width \"128\"");
  }

  @Test
  void softmaxPosteriorsSumToOneAndSigmoidOnesStandAlone() {
    float[] logits = {1, -2, 100, 0, 0, 0};
    float[] soft = Posteriors.of(Activation.SOFTMAX, logits, 3);
    assertThat(soft[2]).isEqualTo(1f);
    assertThat(soft[3]).isEqualTo(1f / 3);
    float[] sigmoid = Posteriors.of(Activation.SIGMOID, logits, 3);
    assertThat(sigmoid[3]).isEqualTo(0.5f);
    assertThat(sigmoid[0]).isEqualTo((float) (1 / (1 + Math.exp(-1))));
  }

  private Backbone backbone(int specials, int rows, int columns) {
    return write(new ViTSpec(128, 2, 2, 256, specials, rows, columns, 1e-6f));
  }

  private Backbone write(ViTSpec spec) {
    Path file = folder.resolve("b" + spec.hashCode() + ".safetensors");
    String grid = spec.gridRows() + "x" + spec.gridColumns();
    SafetensorsWriter.write(file, RandomBackbone.tensors(spec, 1, 0, 2), Map.of("grid", grid));
    return Backbone.load(file);
  }

  private static Adapter adapter(HeadKind head, int frames) {
    return AdapterFactory.random(
        new ViTSpec(128, 2, 2, 256, 2, 8, 8, 1e-6f),
        new AdapterFactory.Meaning(
            List.of("a", "b", "c"),
            Activation.SIGMOID,
            head,
            FrontEnd.AST_FBANK,
            frames,
            -4.25f,
            4.5f),
        Optional.of(new Bottleneck(Kernel.BOTH, 5)),
        Optional.of(new Bottleneck(Kernel.FREQUENCY, 3)),
        4);
  }
}
