package dev.lookaside.classifier.graph;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Gives what is the same for all windows a first axis of its own: with one entry, it is as before;
 * with one per window, every window has its own. A product of all rows with one matrix becomes a
 * product per window, which ONNX Runtime does in one piece again where there is one entry.
 */
final class Stacked {
  private final GraphBuilder g = new GraphBuilder();
  private final Map<Value, Value> now = new HashMap<>();

  private Stacked() {}

  static Graph of(Graph graph) {
    Stacked s = new Stacked();
    for (Value v : graph.inputs()) {
      s.now.put(v, s.g.input(v.name(), v.shape().batched() ? v.shape() : stacked(v.shape())));
    }
    graph.weights().forEach(v -> s.now.put(v, s.g.weight(v.name(), v.weight().orElseThrow())));
    graph.nodes().forEach(s::add);
    graph.outputs().forEach(v -> s.g.output(s.now(v)));
    Graph built = s.g.build();
    Set<String> names =
        graph.inputs().stream()
            .filter(v -> !v.shape().batched())
            .map(Value::name)
            .collect(Collectors.toSet());
    return new Graph(built.inputs(), built.weights(), built.nodes(), built.outputs(), names);
  }

  private static Shape stacked(Shape shape) {
    int[] sizes = new int[shape.rank() + 1];
    sizes[0] = 1;
    System.arraycopy(shape.sizes(), 0, sizes, 1, shape.rank());
    return Shape.perWindow(sizes);
  }

  private Value now(Value v) {
    Value known = now.get(v);
    if (known == null) {
      throw new ShapeException("value " + v.name() + " is used before it is computed");
    }
    return known;
  }

  private void add(Node node) {
    Value[] in = node.inputs().stream().map(this::now).toArray(Value[]::new);
    boolean same = true;
    for (int i = 0; i < in.length; i++) {
      same &= in[i].shape().equals(node.inputs().get(i).shape());
    }
    String name = node.output().name();
    now.put(node.output(), same ? g.apply(name, node.op(), in) : perWindow(name, node.op(), in));
  }

  private Value perWindow(String name, Op op, Value... in) {
    if (op instanceof Ops.Slice s) {
      return g.apply(name, new Ops.Slice(s.axis() + 1, s.from(), s.until()), in);
    }
    if (op instanceof Ops.Gemm gemm && !gemm.transposeB()) {
      return product(name, in);
    }
    if (op instanceof Ops.LayerNorm) {
      int width = in[0].shape().size(-1);
      Value normal =
          g.apply(name + ".normal", op, in[0], g.constant(1, width), g.constant(0, width));
      Value scaled = g.apply(name + ".scaled", new Ops.Mul(), normal, wide(in[1], in[0]));
      return g.apply(name, new Ops.Add(), scaled, wide(in[2], in[0]));
    }
    if (op instanceof Ops.Add) {
      return g.apply(name, op, in[0], wide(in[1], in[0]));
    }
    // MatMul takes it as it is; whatever else does not is found by its check of shapes.
    return g.apply(name, op, in);
  }

  private Value product(String name, Value... in) {
    int rows = in[0].shape().size(0);
    int columns = in[1].shape().size(-1);
    Shape byWindow = Shape.perWindow(1, rows, in[0].shape().size(1));
    Value x = g.apply(name + ".by-window", new Ops.Reshape(byWindow), in[0]);
    Value y = g.apply(name + ".product", new Ops.MatMul(), x, in[1]);
    Ops.Reshape joined = new Ops.Reshape(Shape.perWindow(rows, columns));
    return in.length == 2
        ? g.apply(name, joined, y)
        : g.apply(name, new Ops.Add(), g.apply(name + ".joined", joined, y), in[2]);
  }

  /** A vector per window, to be repeated along the middle axes of {@code like}. */
  private Value wide(Value v, Value like) {
    int rank = like.shape().rank();
    if (v.shape().rank() == rank) {
      return v;
    }
    int[] sizes = new int[rank];
    Arrays.fill(sizes, 1);
    sizes[rank - 1] = v.shape().size(-1);
    return g.apply(v.name() + ".wide", new Ops.Reshape(Shape.perWindow(sizes)), v);
  }
}
