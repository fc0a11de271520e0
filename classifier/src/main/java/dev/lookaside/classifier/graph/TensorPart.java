package dev.lookaside.classifier.graph;

/**
 * How values of a weight file's tensor make up a weight or input of the graph: each value of the
 * graph is the sum of what its parts put there. Trained tensors go in by this way and gradients
 * come out by it.
 */
public sealed interface TensorPart {
  /** Name of the tensor in its file. */
  String tensor();

  /** Name of the weight or input in the graph. */
  String value();

  /** Adds the tensor's values to those of the graph. */
  void addTo(float[] value, float[] tensor);

  /**
   * Adds to a tensor's gradient what comes from the graph's.
   *
   * @param value gradient of the whole weight or input
   */
  void collect(float[] value, float[] gradient);

  /** Values {@code [from, from + count)} of the tensor, put at {@code to}. */
  record Run(String tensor, String value, int from, int to, int count) implements TensorPart {
    @Override
    public void addTo(float[] values, float[] numbers) {
      for (int i = 0; i < count; i++) {
        values[to + i] += numbers[from + i];
      }
    }

    @Override
    public void collect(float[] values, float[] gradient) {
      for (int i = 0; i < count; i++) {
        gradient[from + i] += values[to + i];
      }
    }
  }

  /** Values picked one by one: {@code sources[i]} of the tensor, put at {@code to + i}. */
  record Picks(String tensor, String value, int to, int[] sources) implements TensorPart {
    @Override
    public void addTo(float[] values, float[] numbers) {
      for (int i = 0; i < sources.length; i++) {
        values[to + i] += numbers[sources[i]];
      }
    }

    @Override
    public void collect(float[] values, float[] gradient) {
      for (int i = 0; i < sources.length; i++) {
        gradient[sources[i]] += values[to + i];
      }
    }
  }
}
