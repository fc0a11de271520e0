package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.TensorPart;
import dev.lookaside.classifier.infer.GraphRun;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Brings tensors of the files into a run's inputs and gradients out of its outputs. Gradients are
 * added up as they lie in the graph, where they follow each other, and brought into the files'
 * order once for all.
 */
final class ParameterBuffers {
  /** Values added at a time, few enough to stay in a core's cache. */
  private static final int CHUNK = 4096;

  private final GraphRun run;
  private final Map<String, List<TensorPart>> inputs;
  private final Set<String> trained;
  private final Function<String, float[]> frozen;
  private final Map<String, float[]> scratch = new HashMap<>();
  private final Map<String, float[]> sums = new HashMap<>();
  private final float[] chunk = new float[CHUNK];

  /**
   * Fills the inputs that hold nothing trained, once.
   *
   * @param inputs by the name of an input, all its parts
   * @param frozen the values of a tensor that is not trained
   */
  ParameterBuffers(
      GraphRun run,
      Map<String, List<TensorPart>> inputs,
      Set<String> trained,
      Function<String, float[]> frozen) {
    this.run = run;
    this.inputs = inputs;
    this.trained = trained;
    this.frozen = frozen;
    inputs.forEach(
        (name, parts) -> {
          if (!holdsTrained(parts)) {
            fill(name, parts, frozen);
          }
        });
  }

  private boolean holdsTrained(List<TensorPart> parts) {
    return parts.stream().anyMatch(p -> trained.contains(p.tensor()));
  }

  /** Fills the inputs that hold something trained. */
  void fill(Map<String, float[]> parameters) {
    inputs.forEach(
        (name, parts) -> {
          if (holdsTrained(parts)) {
            fill(name, parts, t -> trained.contains(t) ? parameters.get(t) : frozen.apply(t));
          }
        });
  }

  private void fill(String input, List<TensorPart> parts, Function<String, float[]> tensors) {
    FloatBuffer buffer = run.buffer(input, 1);
    if (parts.size() == 1
        && parts.get(0) instanceof TensorPart.Run whole
        && whole.count() == buffer.capacity()) {
      buffer.put(0, tensors.apply(whole.tensor()), whole.from(), whole.count());
      return;
    }
    float[] values = scratch.computeIfAbsent(input, n -> new float[buffer.capacity()]);
    Arrays.fill(values, 0);
    for (TensorPart part : parts) {
      part.addTo(values, tensors.apply(part.tensor()));
    }
    buffer.put(0, values);
  }

  /**
   * Adds the gradients of a lane's last run to the sums; for one lane at a time.
   *
   * @param outputs that are gradients
   * @param first whether the sums begin with this run
   */
  void add(GraphRun.Lane lane, Iterable<String> outputs, boolean first) {
    for (String output : outputs) {
      FloatBuffer gradient = lane.buffer(output, 1);
      float[] sum = sums.computeIfAbsent(output, n -> new float[gradient.capacity()]);
      if (first) {
        gradient.get(0, sum);
        continue;
      }
      for (int from = 0; from < sum.length; from += CHUNK) {
        int n = Math.min(CHUNK, sum.length - from);
        gradient.get(from, chunk, 0, n);
        for (int i = 0; i < n; i++) {
          sum[from + i] += chunk[i];
        }
      }
    }
  }

  /**
   * Collects the sums.
   *
   * @param outputs by the name of an input, the output that is its gradient
   * @param into zeros, by parameter
   */
  void collect(Map<String, String> outputs, Map<String, float[]> into) {
    outputs.forEach(
        (input, output) -> {
          float[] sum = sums.get(output);
          for (TensorPart part : inputs.getOrDefault(input, List.of())) {
            float[] parameter = into.get(part.tensor());
            if (sum != null && parameter != null) {
              part.collect(sum, parameter);
            }
          }
        });
  }
}
