package dev.lookaside.classifier.graph;

import java.util.HashMap;
import java.util.Map;

/** Writes layer normalisations as their steps. */
final class Stepwise {
  private final GraphBuilder g = new GraphBuilder();
  private final Map<Value, Value> now = new HashMap<>();

  private Stepwise() {}

  static Graph of(Graph graph) {
    Stepwise steps = new Stepwise();
    graph.inputs().forEach(v -> steps.now.put(v, steps.g.input(v.name(), v.shape())));
    graph
        .weights()
        .forEach(v -> steps.now.put(v, steps.g.weight(v.name(), v.weight().orElseThrow())));
    graph.nodes().forEach(steps::add);
    graph.outputs().forEach(v -> steps.g.output(steps.now(v)));
    Graph built = steps.g.build();
    return new Graph(
        built.inputs(), built.weights(), built.nodes(), built.outputs(), graph.perWindowOrOne());
  }

  private void add(Node node) {
    Value[] in = node.inputs().stream().map(this::now).toArray(Value[]::new);
    String name = node.output().name();
    Value y =
        node.op() instanceof Ops.LayerNorm norm && hasRows(in[0].shape())
            ? layerNorm(name, norm.epsilon(), in)
            : g.apply(name, node.op(), in);
    now.put(node.output(), y);
  }

  private Value now(Value v) {
    Value known = now.get(v);
    if (known == null) {
      throw new ShapeException("value " + v.name() + " is used before it is computed");
    }
    return known;
  }

  /** The mean of a single row would take another path through ONNX Runtime than that of several. */
  private static boolean hasRows(Shape x) {
    return x.rank() == 2 && x.size(0) > 1;
  }

  private Value layerNorm(String name, float epsilon, Value... in) {
    Value mean = g.apply(name + ".mean", new ReverseOps.Mean(), in[0]);
    Value centred = g.apply(name + ".centred", new ReverseOps.Sub(), in[0], mean);
    Value square = g.apply(name + ".square", new Ops.Mul(), centred, centred);
    Value variance = g.apply(name + ".variance", new ReverseOps.Mean(), square);
    variance = g.apply(name + ".stable", new Ops.Add(), variance, g.constant(epsilon, 1));
    Value deviation = g.apply(name + ".deviation", new ReverseOps.Sqrt(), variance);
    Value normal = g.apply(name + ".normal", new ReverseOps.Div(), centred, deviation);
    Value scaled = g.apply(name + ".scaled", new Ops.Mul(), normal, in[1]);
    return g.apply(name, new Ops.Add(), scaled, in[2]);
  }
}
