package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import java.util.List;

/** Gradients of operations that normalise along the last axis. */
final class RowRules {
  private RowRules() {}

  /** {@code dx = y (dy - sum(dy y))}. */
  static void softmax(ReverseWalk walk, Ops.Softmax op, Node node, Value dy) {
    Value x = node.inputs().get(0);
    Value y = node.output();
    Value product = walk.apply(new Ops.Mul(), dy, y);
    Shape row = product.shape();
    Value sum = walk.apply(new ReverseOps.SumOver(row.rank() - 1), product);
    sum = walk.apply(new Ops.Reshape(oneWide(row)), sum);
    walk.give(x, walk.apply(new Ops.Mul(), y, walk.apply(new ReverseOps.Sub(), dy, sum)));
  }

  private static Shape oneWide(Shape row) {
    int[] sizes = row.sizes();
    sizes[sizes.length - 1] = 1;
    return new Shape(row.batched(), sizes);
  }

  /**
   * With {@code n} the standardised x, {@code r} one over its deviation and {@code dn = dy scale}:
   * {@code dx = r (dn - mean(dn) - n mean(dn n))}.
   */
  static void layerNorm(ReverseWalk walk, Ops.LayerNorm op, Node node, Value dy) {
    Value x = node.inputs().get(0);
    Value scale = node.inputs().get(1);
    Value shift = node.inputs().get(2);
    int width = x.shape().size(-1);
    if (walk.wants(shift)) {
      walk.give(shift, walk.summedTo(shift.shape(), dy));
    }
    if (!walk.wants(x) && !walk.wants(scale)) {
      return;
    }
    List<Value> standard =
        walk.applyAll(
            new ReverseOps.Standardize(op.epsilon()),
            x,
            walk.constant(1, width),
            walk.constant(0, width));
    Value n = standard.get(0);
    if (walk.wants(scale)) {
      walk.give(scale, walk.summedTo(scale.shape(), walk.apply(new Ops.Mul(), dy, n)));
    }
    if (walk.wants(x)) {
      Value dn = walk.apply(new Ops.Mul(), dy, scale);
      Value along = walk.apply(new ReverseOps.Mean(), walk.apply(new Ops.Mul(), dn, n));
      Value rest = walk.apply(new ReverseOps.Sub(), dn, walk.apply(new Ops.Mul(), n, along));
      rest = walk.apply(new ReverseOps.Sub(), rest, walk.apply(new ReverseOps.Mean(), dn));
      walk.give(x, walk.apply(new Ops.Mul(), rest, standard.get(2)));
    }
  }
}
