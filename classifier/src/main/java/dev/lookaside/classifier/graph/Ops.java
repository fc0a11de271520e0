package dev.lookaside.classifier.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import java.util.Arrays;
import java.util.List;

/**
 * The operations of the model. Axes are counted on the whole shape; the batch factor sits on axis
 * 0.
 */
public final class Ops {
  private Ops() {}

  /** {@code a + b}; axes that {@code b} lacks, or has with size 1, repeat it. */
  public record Add() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return elementwise(this, in);
    }
  }

  /** {@code a * b} value by value; axes that {@code b} lacks, or has with size 1, repeat it. */
  public record Mul() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return elementwise(this, in);
    }
  }

  /** Exact GELU, {@code x * Phi(x)}. */
  public record Gelu() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return arity(this, in, 1).get(0);
    }
  }

  /** Softmax over the last axis. */
  public record Softmax() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return arity(this, in, 1).get(0);
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("axis", -1));
    }
  }

  /** Inputs x, scale, shift; normalises the last axis. */
  public record LayerNorm(float epsilon) implements Op {
    @Override
    public String onnxName() {
      return "LayerNormalization";
    }

    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = arity(this, in, 3).get(0);
      Shape scale = Shape.fixed(x.size(-1));
      require(this, in, in.get(1).equals(scale) && in.get(2).equals(scale));
      return x;
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("axis", -1), Attributes.of("epsilon", epsilon));
    }
  }

  /**
   * {@code a b + c} of matrices: {@code a [M, K]}, {@code b [K, N]} or transposed {@code [N, K]},
   * {@code c} absent, {@code [N]} or {@code [M, N]}.
   */
  public record Gemm(boolean transposeB) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      require(this, in, in.size() == 2 || in.size() == 3);
      Shape a = in.get(0);
      Shape b = in.get(1);
      require(this, in, a.rank() == 2 && b.rank() == 2 && !b.batched());
      require(this, in, a.size(1) == b.size(transposeB ? 1 : 0));
      Shape y = a.with(1, b.size(transposeB ? 0 : 1));
      if (in.size() == 3) {
        require(this, in, in.get(2).equals(y) || in.get(2).equals(Shape.fixed(y.size(1))));
      }
      return y;
    }

    @Override
    public List<AttributeProto> attributes() {
      return transposeB ? List.of(Attributes.of("transB", 1)) : List.of();
    }
  }

  /**
   * Products of the last two axes, one per entry of the leading axes. {@code a} may be a single
   * matrix that meets every entry of {@code b}.
   */
  public record MatMul() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape a = arity(this, in, 2).get(0);
      Shape b = in.get(1);
      require(this, in, a.rank() >= 2 && b.rank() >= 2 && a.size(-1) == b.size(-2));
      Shape y = b.with(-2, a.size(-2));
      boolean single = a.rank() == 2 && !a.batched() && b.rank() > 2;
      require(this, in, single || a.with(-1, b.size(-1)).equals(y));
      require(this, in, !b.batched() || b.rank() > 2);
      return y;
    }
  }

  /** Another shape for the same values. */
  public record Reshape(Shape to) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = arity(this, in, 1).get(0);
      require(this, in, x.batched() == to.batched() && x.elements() == to.elements());
      return to;
    }

    @Override
    public List<Constant> constants() {
      long[] sizes = Arrays.stream(to.sizes()).asLongStream().toArray();
      if (to.batched()) {
        sizes[0] = -1;
      }
      return List.of(Constant.of(sizes));
    }
  }

  /** Axis {@code i} of the result is axis {@code order[i]} of the input. */
  public record Transpose(int... order) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = arity(this, in, 1).get(0);
      int[] sorted = order.clone();
      Arrays.sort(sorted);
      int[] sizes = new int[order.length];
      for (int i = 0; i < order.length; i++) {
        require(this, in, sorted[i] == i && order.length == x.rank());
        sizes[i] = x.size(order[i]);
      }
      require(this, in, !x.batched() || order[0] == 0);
      return new Shape(x.batched(), sizes);
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("perm", Arrays.stream(order).asLongStream().toArray()));
    }
  }

  /** Joins values along an axis that is not the batched one. */
  public record Concat(int axis) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      require(this, in, !in.isEmpty());
      Shape first = in.get(0);
      require(this, in, !first.batched() || first.axis(axis) > 0);
      int sum = 0;
      for (Shape s : in) {
        require(this, in, s.rank() == first.rank() && s.with(axis, 1).equals(first.with(axis, 1)));
        sum += s.size(axis);
      }
      return first.with(axis, sum);
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("axis", axis));
    }
  }

  /** The part {@code [from, until)} of an axis that is not the batched one. */
  public record Slice(int axis, int from, int until) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = arity(this, in, 1).get(0);
      require(this, in, !x.batched() || x.axis(axis) > 0);
      require(this, in, from >= 0 && from < until && until <= x.size(axis));
      return x.with(axis, until - from);
    }

    @Override
    public List<Constant> constants() {
      return List.of(Constant.of(from), Constant.of(until), Constant.of(axis));
    }
  }

  /**
   * Picks entries of an axis that is not the batched one: the axis gives way to the axes of {@code
   * indices}.
   *
   * @param indexShape shape of {@code indices}
   * @param indices row-major, each in {@code [0, size of the axis)}
   */
  public record Gather(int axis, int[] indexShape, int[] indices) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = arity(this, in, 1).get(0);
      int at = x.axis(axis);
      require(this, in, !x.batched() || at > 0);
      require(this, in, Shape.fixed(indexShape).elements() == indices.length);
      for (int i : indices) {
        require(this, in, i >= 0 && i < x.size(at));
      }
      int[] sizes = new int[x.rank() - 1 + indexShape.length];
      for (int i = 0; i < sizes.length; i++) {
        int after = i - indexShape.length + 1;
        sizes[i] =
            i < at ? x.size(i) : i < at + indexShape.length ? indexShape[i - at] : x.size(after);
      }
      return new Shape(x.batched(), sizes);
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("axis", axis));
    }

    @Override
    public List<Constant> constants() {
      return List.of(new Constant(indexShape, Arrays.stream(indices).asLongStream().toArray()));
    }
  }

  /** Zeros before and after along an axis that is not the batched one. */
  public record Pad(int axis, int before, int after) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = arity(this, in, 1).get(0);
      require(this, in, axis >= 0 && (!x.batched() || x.axis(axis) > 0));
      require(this, in, before >= 0 && after >= 0);
      return x.with(axis, before + x.size(axis) + after);
    }

    @Override
    public List<Constant> constants() {
      // Value 0 is the operator's default; the axes input (opset 18) comes fourth.
      return List.of(Constant.of(before, after), Constant.ABSENT, Constant.of(axis));
    }
  }

  /** Sum over an axis that is not the batched one; the axis goes. */
  public record ReduceSum(int axis) implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return reduced(this, in, axis);
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("keepdims", 0));
    }

    @Override
    public List<Constant> constants() {
      return List.of(Constant.of(axis));
    }
  }

  static Shape elementwise(Op op, List<Shape> in) {
    Shape a = arity(op, in, 2).get(0);
    Shape b = in.get(1);
    require(op, in, b.rank() <= a.rank());
    require(op, in, !b.batched() || (a.batched() && b.rank() == a.rank()));
    for (int i = 1; i <= b.rank(); i++) {
      boolean perWindow = a.batched() && i == a.rank();
      boolean same = b.size(-i) == a.size(-i) && (!perWindow || b.batched());
      require(op, in, same || (b.size(-i) == 1 && !(perWindow && b.batched())));
    }
    return a;
  }

  private static Shape reduced(Op op, List<Shape> in, int axis) {
    Shape x = arity(op, in, 1).get(0);
    require(op, in, !x.batched() || x.axis(axis) > 0);
    return x.without(axis);
  }

  static List<Shape> arity(Op op, List<Shape> in, int n) {
    require(op, in, in.size() == n);
    return in;
  }

  static void require(Op op, List<Shape> in, boolean holds) {
    if (!holds) {
      throw new ShapeException(op + " cannot take " + in);
    }
  }
}
