package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.FloatTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Builds a {@link Graph} value by value; every shape is checked when an operation is added. */
public final class GraphBuilder {
  private final Map<String, Value> values = new LinkedHashMap<>();
  private final List<Value> inputs = new ArrayList<>();
  private final List<Value> weights = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Map<String, Value> outputs = new LinkedHashMap<>();

  /** A builder that goes on where a finished graph ends, outputs included. */
  public static GraphBuilder continuing(Graph graph) {
    GraphBuilder g = new GraphBuilder();
    graph.inputs().forEach(v -> g.inputs.add(g.add(v)));
    graph.weights().forEach(v -> g.weights.add(g.add(v)));
    for (Node node : graph.nodes()) {
      g.add(node.output());
      g.nodes.add(node);
    }
    graph.outputs().forEach(g::output);
    return g;
  }

  /** A value that each run is given. Batched inputs have 1 as their first size. */
  public Value input(String name, Shape shape) {
    if (shape.batched() && shape.size(0) != 1) {
      throw new ShapeException("input " + name + " " + shape + ": first size must be 1");
    }
    Value v = add(new Value(name, shape, Optional.empty()));
    inputs.add(v);
    return v;
  }

  /** A value that never changes; the same name gives the same value. */
  public Value weight(String name, FloatTensor numbers) {
    Value known = values.get(name);
    if (known != null) {
      if (known.weight().isEmpty() || known.weight().get() != numbers) {
        throw new ShapeException("weight " + name + ": the name is taken");
      }
      return known;
    }
    Value v = add(new Value(name, Shape.fixed(numbers.shape()), Optional.of(numbers)));
    weights.add(v);
    return v;
  }

  /** A vector of equal numbers; the same for equal arguments. */
  public Value constant(float value, int size) {
    String name = "all." + value + "." + size;
    Value known = values.get(name);
    if (known != null) {
      return known;
    }
    float[] all = new float[size];
    Arrays.fill(all, value);
    return weight(name, FloatTensor.of(new int[] {size}, all));
  }

  /** Applies an operation; {@code name} is the result's. */
  public Value apply(String name, Op op, Value... in) {
    List<Shape> shapes = new ArrayList<>();
    for (Value v : in) {
      if (values.get(v.name()) != v) {
        throw new ShapeException(name + ": " + v.name() + " is no value of this graph");
      }
      shapes.add(v.shape());
    }
    Value v = add(new Value(name, op.shapeOf(shapes), Optional.empty()));
    nodes.add(new Node(op, List.of(in), v));
    return v;
  }

  /** Makes a value a result of the run, under its own name. */
  public void output(Value v) {
    outputs.put(v.name(), v);
  }

  private Value add(Value v) {
    if (values.putIfAbsent(v.name(), v) != null) {
      throw new ShapeException("value " + v.name() + ": the name is taken");
    }
    return v;
  }

  /** The graph so far. */
  public Graph build() {
    if (outputs.isEmpty()) {
      throw new ShapeException("a graph needs an output");
    }
    return new Graph(inputs, weights, nodes, List.copyOf(outputs.values()));
  }
}
