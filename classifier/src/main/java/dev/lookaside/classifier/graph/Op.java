package dev.lookaside.classifier.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import java.util.List;

/**
 * An operation with its attributes: its ONNX name and its shape rule. Operations are pure and have
 * one result; {@link Ops} has those of the model, {@link ReverseOps} those that only its gradients
 * need.
 */
public sealed interface Op
    permits Ops.Add,
        Ops.Concat,
        Ops.Gather,
        Ops.Gelu,
        Ops.Gemm,
        Ops.LayerNorm,
        Ops.MatMul,
        Ops.Mul,
        Ops.Pad,
        Ops.ReduceSum,
        Ops.Reshape,
        Ops.Slice,
        Ops.Softmax,
        Ops.Transpose,
        ReverseOps.Div,
        ReverseOps.Erf,
        ReverseOps.Exp,
        ReverseOps.Mean,
        ReverseOps.OuterSum,
        ReverseOps.Sigmoid,
        ReverseOps.Sqrt,
        ReverseOps.Sub,
        ReverseOps.SumOver {
  /** Whole numbers that ONNX wants as a further input. */
  record Constant(int[] shape, long[] values) {
    /** An optional input that is not given. */
    static final Constant ABSENT = new Constant(new int[] {0}, new long[0]);

    static Constant of(long... values) {
      return new Constant(new int[] {values.length}, values);
    }
  }

  /** ONNX operator, {@code MatMul}. */
  default String onnxName() {
    return getClass().getSimpleName();
  }

  /**
   * The shape of the result.
   *
   * @throws ShapeException if the inputs cannot be taken
   */
  Shape shapeOf(List<Shape> in);

  default List<AttributeProto> attributes() {
    return List.of();
  }

  /** Inputs after the values. */
  default List<Constant> constants() {
    return List.of();
  }
}
