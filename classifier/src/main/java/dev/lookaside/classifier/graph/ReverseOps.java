package dev.lookaside.classifier.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import java.util.Arrays;
import java.util.List;

/** Operations that only gradients need. No inference graph has one. */
public final class ReverseOps {
  private ReverseOps() {}

  /** {@code a - b}; axes that {@code b} lacks, or has with size 1, repeat it. */
  public record Sub() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return Ops.elementwise(this, in);
    }
  }

  /** {@code a / b}; axes that {@code b} lacks, or has with size 1, repeat it. */
  public record Div() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return Ops.elementwise(this, in);
    }
  }

  /** {@code e^x}. */
  public record Exp() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return Ops.arity(this, in, 1).get(0);
    }
  }

  /** The error function. */
  public record Erf() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return Ops.arity(this, in, 1).get(0);
    }
  }

  /** The square root. */
  public record Sqrt() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return Ops.arity(this, in, 1).get(0);
    }
  }

  /** {@code 1 / (1 + e^-x)}. */
  public record Sigmoid() implements Op {
    @Override
    public Shape shapeOf(List<Shape> in) {
      return Ops.arity(this, in, 1).get(0);
    }
  }

  /** Mean over the last axis, which stays with size 1. */
  public record Mean() implements Op {
    @Override
    public String onnxName() {
      return "ReduceMean";
    }

    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = Ops.arity(this, in, 1).get(0);
      Ops.require(this, in, x.rank() > (x.batched() ? 1 : 0));
      return x.with(-1, 1);
    }

    @Override
    public List<Constant> constants() {
      return List.of(Constant.of(-1));
    }
  }

  /** Sum over axes, which go. Over axis 0 of a batched value it is the sum over all windows. */
  public record SumOver(int... axes) implements Op {
    @Override
    public String onnxName() {
      return "ReduceSum";
    }

    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape x = Ops.arity(this, in, 1).get(0);
      boolean[] gone = new boolean[x.rank()];
      for (int a : axes) {
        Ops.require(this, in, a >= 0 && a < x.rank() && !gone[a]);
        gone[a] = true;
      }
      Ops.require(this, in, axes.length > 0);
      int[] left = new int[x.rank() - axes.length];
      int n = 0;
      for (int a = 0; a < x.rank(); a++) {
        if (!gone[a]) {
          left[n++] = x.size(a);
        }
      }
      return new Shape(x.batched() && !gone[0], left);
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("keepdims", 0));
    }

    @Override
    public List<Constant> constants() {
      return List.of(Constant.of(Arrays.stream(axes).asLongStream().toArray()));
    }
  }

  /**
   * {@code a^T b} of matrices {@code a [M, K]} and {@code b [M, N]}: the sum over all rows of all
   * windows of the outer products.
   */
  public record OuterSum() implements Op {
    @Override
    public String onnxName() {
      return "Gemm";
    }

    @Override
    public Shape shapeOf(List<Shape> in) {
      Shape a = Ops.arity(this, in, 2).get(0);
      Shape b = in.get(1);
      Ops.require(this, in, a.rank() == 2 && b.rank() == 2);
      Ops.require(this, in, a.batched() == b.batched() && a.size(0) == b.size(0));
      return Shape.fixed(a.size(1), b.size(1));
    }

    @Override
    public List<AttributeProto> attributes() {
      return List.of(Attributes.of("transA", 1));
    }
  }
}
