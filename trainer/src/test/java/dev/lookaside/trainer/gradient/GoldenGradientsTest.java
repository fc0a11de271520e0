package dev.lookaside.trainer.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtProvider;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenGradientsTest {
  static List<String> shapes() {
    return Arrays.asList(Goldens.SHAPES);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void lossLogitsAndEveryGradientAgreeWithPyTorch(String shape) {
    agree(shape, Device.CPU);
  }

  /** Runs where there is a GPU and the build is that of the Maven profile {@code cuda}. */
  @ParameterizedTest
  @MethodSource("shapes")
  void theyAgreeOnAGpuToo(String shape) {
    assumeTrue(
        OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA),
        "this build has no CUDA (Maven profile cuda)");
    assumeTrue(Files.exists(Path.of("/dev/nvidia0")), "no /dev/nvidia0: no GPU");
    agree(shape, Device.CUDA);
  }

  private static void agree(String shape, Device device) {
    Adapter adapter = Goldens.adapter(shape);
    Map<String, float[]> parameters = new TreeMap<>();
    adapter.tensors().forEach((name, t) -> parameters.put(name, t.toArray()));
    Map<String, float[]> expected = Goldens.gradients(shape);
    assertThat(expected.keySet()).isEqualTo(parameters.keySet());
    float[] ones = new float[3];
    Arrays.fill(ones, 1);
    try (GradientRun run =
        GradientRun.open(
            Goldens.backbone(shape),
            adapter,
            parameters.keySet(),
            Loss.of(adapter.activation()),
            new ScorerSettings(device, 2, 3))) {
      Gradients.Step step =
          run.step(parameters, Goldens.io(shape, "x"), Goldens.io(shape, "targets"), ones, 3);
      assertThat(step.loss()).isCloseTo(Goldens.io(shape, "loss")[0], within(1e-5));
      assertThat(error(step.logits(), Goldens.io(shape, "logits"))).isLessThan(1e-5);
      double worst = 0;
      for (String name : expected.keySet()) {
        double error = error(step.gradients().get(name), expected.get(name));
        assertThat(error).as(name).isLessThan(1e-4);
        worst = Math.max(worst, error);
      }
      System.out.printf(
          "golden %s on %s: gradients within %.1e relative per tensor%n", shape, device, worst);
    }
  }

  /** Length of the difference over the length of what is expected. */
  static double error(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    double difference = 0;
    double length = 0;
    for (int i = 0; i < found.length; i++) {
      difference += Math.pow((double) found[i] - expected[i], 2);
      length += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / length);
  }
}
