package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.example.Example;
import java.util.Arrays;
import java.util.List;

/**
 * The examples of one step, or of a part of it.
 *
 * @param epoch from 0
 * @param examples at least 1
 */
record Batch(int epoch, List<Example> examples) {
  /** The examples {@code [from, until)}. */
  Batch part(int from, int until) {
    return new Batch(epoch, examples.subList(from, until));
  }

  int size() {
    return examples.size();
  }

  /** Row-major {@code [batch][frames][mels]}. */
  float[] windows() {
    return join(examples.stream().map(Example::window).toList());
  }

  float[] targets() {
    return join(examples.stream().map(Example::targets).toList());
  }

  float[] weights() {
    return join(examples.stream().map(Example::weights).toList());
  }

  double totalWeight() {
    double total = 0;
    for (Example e : examples) {
      for (float w : e.weights()) {
        total += w;
      }
    }
    return total;
  }

  private static float[] join(List<float[]> parts) {
    int length = parts.get(0).length;
    float[] all = Arrays.copyOf(parts.get(0), parts.size() * length);
    for (int i = 1; i < parts.size(); i++) {
      System.arraycopy(parts.get(i), 0, all, i * length, length);
    }
    return all;
  }
}
