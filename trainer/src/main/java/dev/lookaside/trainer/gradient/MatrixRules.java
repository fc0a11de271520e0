package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.Value;
import java.util.stream.IntStream;

/** Gradients of products. */
final class MatrixRules {
  private MatrixRules() {}

  /** {@code y = a b + c}: {@code da = dy b^T}, {@code db = a^T dy}, {@code dc = dy}. */
  static void gemm(ReverseWalk walk, Ops.Gemm op, Node node, Value dy) {
    Value a = node.inputs().get(0);
    Value b = node.inputs().get(1);
    if (node.inputs().size() == 3) {
      Value c = node.inputs().get(2);
      if (walk.wants(c)) {
        walk.give(c, walk.summedTo(c.shape(), dy));
      }
    }
    if (walk.wants(b)) {
      Value rows = op.transposeB() ? dy : a;
      Value columns = op.transposeB() ? a : dy;
      walk.give(b, walk.apply(new ReverseOps.OuterSum(), rows, columns));
    }
    if (walk.wants(a)) {
      walk.giveProduct(a, new Ops.Gemm(!op.transposeB()), dy, b);
    }
  }

  /** As {@link #gemm}, over leading axes; a single matrix {@code a} gets the sum over them. */
  static void matMul(ReverseWalk walk, Ops.MatMul op, Node node, Value dy) {
    Value a = node.inputs().get(0);
    Value b = node.inputs().get(1);
    if (walk.wants(a)) {
      Value da = walk.apply(new Ops.MatMul(), dy, transposed(walk, b));
      int leading = da.shape().rank() - a.shape().rank();
      if (leading > 0) {
        int[] axes = IntStream.range(0, leading).toArray();
        da = walk.apply(new ReverseOps.SumOver(axes), da);
      }
      walk.give(a, da);
    }
    if (walk.wants(b)) {
      walk.give(b, walk.apply(new Ops.MatMul(), transposed(walk, a), dy));
    }
  }

  private static Value transposed(ReverseWalk walk, Value x) {
    int rank = x.shape().rank();
    int[] order = IntStream.range(0, rank).toArray();
    order[rank - 2] = rank - 1;
    order[rank - 1] = rank - 2;
    return walk.apply(new Ops.Transpose(order), x);
  }
}
