package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Op;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/**
 * Runs graphs in plain Java and double precision, one value at a time. Slow and obvious: what
 * finite differences and ONNX Runtime are held against.
 */
final class SlowGraph {
  private final int windows;
  private final Map<Value, SlowTensor> values = new HashMap<>();

  private SlowGraph(int windows) {
    this.windows = windows;
  }

  /** All values of a graph by name, inputs given row-major. */
  static Map<String, SlowTensor> run(Graph graph, Map<String, double[]> inputs, int windows) {
    SlowGraph run = new SlowGraph(windows);
    for (Value v : graph.inputs()) {
      run.values.put(v, new SlowTensor(run.sizes(v.shape()), inputs.get(v.name())));
    }
    for (Value v : graph.weights()) {
      run.values.put(
          v, new SlowTensor(v.shape().sizes(), doubles(v.weight().orElseThrow().toArray())));
    }
    graph.nodes().forEach(node -> run.values.put(node.output(), run.result(node)));
    Map<String, SlowTensor> named = new HashMap<>();
    run.values.forEach((v, t) -> named.put(v.name(), t));
    return named;
  }

  static double[] doubles(float[] from) {
    double[] to = new double[from.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = from[i];
    }
    return to;
  }

  private int[] sizes(Shape shape) {
    int[] sizes = shape.sizes();
    if (shape.batched()) {
      sizes[0] *= windows;
    }
    return sizes;
  }

  private SlowTensor result(Node node) {
    Op op = node.op();
    SlowTensor a = values.get(node.inputs().get(0));
    int[] to = sizes(node.output().shape());
    if (pointwise(op) != null) {
      return a.map(pointwise(op));
    }
    if (pairwise(op) != null) {
      return a.with(values.get(node.inputs().get(1)), pairwise(op));
    }
    if (op instanceof Ops.Softmax) {
      return softmax(a);
    }
    if (op instanceof Ops.LayerNorm norm) {
      return layerNorm(node, norm.epsilon());
    }
    if (op instanceof Ops.Gemm gemm) {
      SlowTensor b = values.get(node.inputs().get(1));
      SlowTensor y = a.times(gemm.transposeB() ? b.transposed(1, 0) : b);
      return node.inputs().size() == 2 ? y : y.with(values.get(node.inputs().get(2)), Double::sum);
    }
    if (op instanceof ReverseOps.OuterSum) {
      return a.transposed(1, 0).times(values.get(node.inputs().get(1)));
    }
    if (op instanceof Ops.MatMul) {
      return a.times(values.get(node.inputs().get(1)));
    }
    if (op instanceof Ops.Reshape) {
      return new SlowTensor(to, a.data());
    }
    if (op instanceof Ops.Transpose t) {
      return a.transposed(t.order());
    }
    if (op instanceof ReverseOps.Mean) {
      return a.perRow(SlowGraph::mean);
    }
    return moved(node, op, a, to);
  }

  /** Operations whose results are values, or sums of values, from elsewhere. */
  private SlowTensor moved(Node node, Op op, SlowTensor a, int[] to) {
    if (op instanceof Ops.Slice s) {
      return SlowTensor.of(to, at -> a.at(SlowTensor.moved(at, axis(s.axis(), a), s.from())));
    }
    if (op instanceof Ops.Pad p) {
      return SlowTensor.of(
          to,
          at -> {
            int[] from = SlowTensor.moved(at, p.axis(), -p.before());
            boolean inside = from[p.axis()] >= 0 && from[p.axis()] < a.shape()[p.axis()];
            return inside ? a.at(from) : 0;
          });
    }
    if (op instanceof Ops.Concat c) {
      int axis = axis(c.axis(), a);
      return SlowTensor.of(
          to,
          at -> {
            int[] from = at.clone();
            for (Value v : node.inputs()) {
              SlowTensor part = values.get(v);
              if (from[axis] < part.shape()[axis]) {
                return part.at(from);
              }
              from[axis] -= part.shape()[axis];
            }
            throw new IllegalStateException();
          });
    }
    if (op instanceof Ops.Gather g) {
      return gathered(g, a, to);
    }
    if (op instanceof Ops.ReduceSum r) {
      return a.summed(axis(r.axis(), a));
    }
    if (op instanceof ReverseOps.SumOver s) {
      int[] axes = s.axes().clone();
      java.util.Arrays.sort(axes);
      SlowTensor sum = a;
      for (int i = axes.length - 1; i >= 0; i--) {
        sum = sum.summed(axes[i]);
      }
      return sum;
    }
    throw new IllegalArgumentException("no slow version of " + op);
  }

  private static SlowTensor gathered(Ops.Gather g, SlowTensor a, int[] to) {
    int axis = axis(g.axis(), a);
    int picked = g.indexShape().length;
    return SlowTensor.of(
        to,
        at -> {
          int index = 0;
          for (int i = 0; i < picked; i++) {
            index = index * g.indexShape()[i] + at[axis + i];
          }
          int[] from = new int[a.shape().length];
          System.arraycopy(at, 0, from, 0, axis);
          from[axis] = g.indices()[index];
          System.arraycopy(at, axis + picked, from, axis + 1, from.length - axis - 1);
          return a.at(from);
        });
  }

  private static int axis(int axis, SlowTensor a) {
    return axis < 0 ? axis + a.shape().length : axis;
  }

  private static DoubleUnaryOperator pointwise(Op op) {
    if (op instanceof Ops.Gelu) {
      return x -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
    }
    if (op instanceof ReverseOps.Erf) {
      return SlowGraph::erf;
    }
    if (op instanceof ReverseOps.Exp) {
      return Math::exp;
    }
    if (op instanceof ReverseOps.Sqrt) {
      return Math::sqrt;
    }
    if (op instanceof ReverseOps.Sigmoid) {
      return x -> 1 / (1 + Math.exp(-x));
    }
    return null;
  }

  private static DoubleBinaryOperator pairwise(Op op) {
    if (op instanceof Ops.Add) {
      return Double::sum;
    }
    if (op instanceof Ops.Mul) {
      return (a, b) -> a * b;
    }
    if (op instanceof ReverseOps.Sub) {
      return (a, b) -> a - b;
    }
    if (op instanceof ReverseOps.Div) {
      return (a, b) -> a / b;
    }
    return null;
  }

  private static SlowTensor softmax(SlowTensor x) {
    SlowTensor exps = x.with(x.perRow(SlowGraph::largest), (v, max) -> Math.exp(v - max));
    return exps.with(exps.perRow(r -> mean(r) * r.length), (e, sum) -> e / sum);
  }

  private SlowTensor layerNorm(Node node, double epsilon) {
    SlowTensor x = values.get(node.inputs().get(0));
    return x.with(x.perRow(SlowGraph::mean), (v, mean) -> v - mean)
        .with(x.perRow(r -> Math.sqrt(variance(r) + epsilon)), (v, d) -> v / d)
        .with(values.get(node.inputs().get(1)), (v, scale) -> v * scale)
        .with(values.get(node.inputs().get(2)), Double::sum);
  }

  private static double largest(double[] row) {
    return java.util.Arrays.stream(row).max().orElseThrow();
  }

  private static double mean(double[] row) {
    return java.util.Arrays.stream(row).average().orElseThrow();
  }

  private static double variance(double[] row) {
    double mean = mean(row);
    return java.util.Arrays.stream(row).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
  }

  /** Maclaurin series; beyond 5 it is 1 to twelve digits. */
  private static double erf(double x) {
    if (Math.abs(x) > 5) {
      return Math.signum(x);
    }
    double term = x;
    double sum = x;
    for (int n = 1; n < 200; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }
}
