package dev.lookaside.trainer.gradient;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.Value;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.GraphRun;
import dev.lookaside.classifier.infer.ScorerSettings;
import java.util.HashMap;
import java.util.Map;

/**
 * Holds the gradients of a graph against central differences of its forward part, both in double
 * precision, and against what ONNX Runtime computes for them.
 */
final class FiniteDifferences {
  private static final double STEP = 1e-5;

  private FiniteDifferences() {}

  /**
   * @param graph forward and gradients; inputs as {@code forward}, and {@code dy.given}
   * @param gradients by input
   */
  static void check(
      Graph forward,
      Graph graph,
      Value y,
      Map<Value, Value> gradients,
      Map<String, double[]> numbers,
      int windows) {
    Map<String, SlowTensor> slow = SlowGraph.run(graph, numbers, windows);
    double[] dy = numbers.get("dy.given");
    gradients.forEach(
        (input, gradient) -> {
          double[] expected = new double[numbers.get(input.name()).length];
          for (int i = 0; i < expected.length; i++) {
            double up = product(forward, y, moved(numbers, input, i, STEP), windows, dy);
            double down = product(forward, y, moved(numbers, input, i, -STEP), windows, dy);
            expected[i] = (up - down) / (2 * STEP);
          }
          near(slow.get(gradient.name()).data(), expected, 1e-7, "slow " + gradient.name());
        });
    try (GraphRun run = GraphRun.open(graph, new ScorerSettings(Device.CPU, 1, 1))) {
      for (Value v : graph.inputs()) {
        run.buffer(v.name(), windows).put(0, floats(numbers.get(v.name())));
      }
      run.run(windows);
      gradients.forEach(
          (input, gradient) -> {
            float[] found = new float[numbers.get(input.name()).length];
            run.buffer(gradient.name(), windows).get(0, found);
            near(SlowGraph.doubles(found), slow.get(gradient.name()).data(), 3e-6, gradient.name());
          });
    }
  }

  private static double product(
      Graph forward, Value y, Map<String, double[]> numbers, int windows, double[] dy) {
    double[] values = SlowGraph.run(forward, numbers, windows).get(y.name()).data();
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += values[i] * dy[i];
    }
    return sum;
  }

  private static Map<String, double[]> moved(
      Map<String, double[]> numbers, Value input, int i, double by) {
    Map<String, double[]> moved = new HashMap<>(numbers);
    double[] values = numbers.get(input.name()).clone();
    values[i] += by;
    moved.put(input.name(), values);
    return moved;
  }

  static void near(double[] found, double[] expected, double tolerance, String what) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    double largest = 0;
    double difference = 0;
    for (int i = 0; i < found.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      double d = Math.abs(found[i] - expected[i]);
      difference = Double.isNaN(d) ? Double.POSITIVE_INFINITY : Math.max(difference, d);
    }
    assertThat(difference).as(what).isLessThanOrEqualTo(tolerance * largest + 1e-12);
  }

  private static float[] floats(double[] from) {
    float[] to = new float[from.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = (float) from[i];
    }
    return to;
  }
}
