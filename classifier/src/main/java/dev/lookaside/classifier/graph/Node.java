package dev.lookaside.classifier.graph;

import java.util.List;

/** One operation applied to values. */
public record Node(Op op, List<Value> inputs, Value output) {
  public Node {
    inputs = List.copyOf(inputs);
  }
}
