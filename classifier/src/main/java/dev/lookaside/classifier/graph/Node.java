package dev.lookaside.classifier.graph;

import java.util.List;

/**
 * One operation applied to values.
 *
 * @param outputs its results, at least one
 */
public record Node(Op op, List<Value> inputs, List<Value> outputs) {
  public Node {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** The first result. */
  public Value output() {
    return outputs.get(0);
  }
}
