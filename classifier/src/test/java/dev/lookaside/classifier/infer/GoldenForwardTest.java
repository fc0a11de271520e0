package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.weights.Adapter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenForwardTest {
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 8);

  static List<String> shapes() {
    return Arrays.asList(Goldens.SHAPES);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void logitsAgreeWithPyTorch(String shape) {
    float[] x = Goldens.io(shape, "x");
    float[] expected = Goldens.io(shape, "logits");
    try (Scorer scorer = Scorer.open(Goldens.backbone(shape), Goldens.adapter(shape), CPU)) {
      double error = relativeError(flat(scorer.logits(x, 3)), expected);
      System.out.printf("golden %s: logits within %.1e relative%n", shape, error);
      assertThat(error).isLessThan(1e-4);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void lastAttentionAgreesWithPyTorch(String shape) {
    float[] x = Goldens.io(shape, "x");
    try (Scorer scorer = Scorer.open(Goldens.backbone(shape), Goldens.adapter(shape), CPU)) {
      Attention found = scorer.logitsAndAttention(x, 3);
      double error =
          largestDifference(flat(found.attention()), Goldens.io(shape, "last_attention"));
      System.out.printf("golden %s: attention within %.1e%n", shape, error);
      assertThat(error).isLessThan(1e-4);
      assertThat(relativeError(flat(found.logits()), Goldens.io(shape, "logits"))).isLessThan(1e-4);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void aSlowForwardInPlainJavaAgreesToo(String shape) {
    Adapter adapter = Goldens.adapter(shape);
    ReferenceForward reference = new ReferenceForward(Goldens.backbone(shape), adapter);
    int floats = adapter.windowFrames() * adapter.shape().mels();
    float[] x = Goldens.io(shape, "x");
    float[] found = reference.logits(Arrays.copyOf(x, floats));
    float[] expected = Arrays.copyOf(Goldens.io(shape, "logits"), found.length);
    double error = relativeError(found, expected);
    assertThat(error).isLessThan(1e-5);
  }

  static float[] flat(float[][] rows) {
    float[] all = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, all, i * rows[0].length, rows[0].length);
    }
    return all;
  }

  /** Largest difference over the largest expected magnitude. */
  static double relativeError(float[] found, float[] expected) {
    double scale = 0;
    for (float e : expected) {
      scale = Math.max(scale, Math.abs(e));
    }
    return largestDifference(found, expected) / scale;
  }

  static double largestDifference(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    double largest = 0;
    for (int i = 0; i < found.length; i++) {
      double d = Math.abs((double) found[i] - expected[i]);
      largest = Double.isNaN(d) ? Double.POSITIVE_INFINITY : Math.max(largest, d);
    }
    return largest;
  }
}
