package dev.lookaside.classifier.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Graphs made from parts of others. */
final class GraphParts {
  private GraphParts() {}

  static Graph withInputs(Graph graph, Set<String> names) {
    Map<Value, Value> now = new HashMap<>();
    List<Value> inputs = new ArrayList<>(graph.inputs());
    List<Value> weights = new ArrayList<>();
    for (Value w : graph.weights()) {
      if (names.contains(w.name())) {
        Value input = new Value(w.name(), w.shape(), Optional.empty());
        now.put(w, input);
        inputs.add(input);
      } else {
        weights.add(w);
      }
    }
    if (now.size() != names.size()) {
      Set<String> strangers = new HashSet<>(names);
      graph.weights().forEach(w -> strangers.remove(w.name()));
      throw new ShapeException("the graph has no weights " + strangers);
    }
    List<Node> nodes =
        graph.nodes().stream()
            .map(n -> new Node(n.op(), now(n.inputs(), now), n.output()))
            .toList();
    return new Graph(inputs, weights, nodes, graph.outputs());
  }

  private static List<Value> now(List<Value> values, Map<Value, Value> now) {
    return values.stream().map(v -> now.getOrDefault(v, v)).toList();
  }

  /** What computes {@code outputs}, starting from {@code cut} where it is met. */
  static Graph of(Graph graph, List<Value> outputs, Optional<Value> cut) {
    Set<Value> wanted = new HashSet<>(outputs);
    List<Node> nodes = new ArrayList<>();
    for (int i = graph.nodes().size() - 1; i >= 0; i--) {
      Node node = graph.nodes().get(i);
      boolean computed = cut.isEmpty() || !node.output().equals(cut.get());
      if (computed && wanted.contains(node.output())) {
        wanted.addAll(node.inputs());
        nodes.add(0, node);
      }
    }
    List<Value> inputs = new ArrayList<>(graph.inputs().stream().filter(wanted::contains).toList());
    List<Value> weights = graph.weights().stream().filter(wanted::contains).toList();
    cut.ifPresent(
        v -> {
          if (!wanted.contains(v)) {
            throw new ShapeException("no output depends on " + v.name());
          }
          nodes.add(0, entry(v, inputs));
        });
    return new Graph(inputs, weights, nodes, outputs);
  }

  /** An input has 1 as its first size, so the value is given as one entry per window. */
  private static Node entry(Value v, List<Value> inputs) {
    if (!v.shape().batched()) {
      throw new ShapeException(v.name() + " " + v.shape() + ": only a batched value can be cut at");
    }
    int[] sizes = v.shape().sizes();
    int[] withWindows = new int[sizes.length + 1];
    withWindows[0] = 1;
    System.arraycopy(sizes, 0, withWindows, 1, sizes.length);
    Value input = new Value(Graph.givenName(v), Shape.perWindow(withWindows), Optional.empty());
    inputs.add(input);
    return new Node(new Ops.Reshape(v.shape()), List.of(input), v);
  }
}
