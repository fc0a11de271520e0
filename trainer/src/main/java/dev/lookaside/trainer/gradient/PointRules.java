package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.Value;

/** Gradients of operations that work value by value. */
final class PointRules {
  private PointRules() {}

  static void add(ReverseWalk walk, Ops.Add op, Node node, Value dy) {
    Value a = node.inputs().get(0);
    Value b = node.inputs().get(1);
    walk.give(a, dy);
    if (walk.wants(b)) {
      walk.give(b, walk.summedTo(b.shape(), dy));
    }
  }

  static void mul(ReverseWalk walk, Ops.Mul op, Node node, Value dy) {
    Value a = node.inputs().get(0);
    Value b = node.inputs().get(1);
    if (walk.wants(a)) {
      walk.give(a, walk.apply(new Ops.Mul(), dy, b));
    }
    if (walk.wants(b)) {
      walk.give(b, walk.summedTo(b.shape(), walk.apply(new Ops.Mul(), dy, a)));
    }
  }

  /** {@code dx = dy (1 + erf a + 2/sqrt(pi) a / e^(a a)) / 2} with {@code a = x / sqrt(2)}. */
  static void gelu(ReverseWalk walk, Ops.Gelu op, Node node, Value dy) {
    Value x = node.inputs().get(0);
    Value a = walk.apply(new Ops.Mul(), x, walk.scalar(Math.sqrt(0.5)));
    // Where the square overflows, the quotient is the zero that it should be.
    Value bell = walk.apply(new ReverseOps.Exp(), walk.apply(new Ops.Mul(), a, a));
    Value slope = walk.apply(new ReverseOps.Div(), a, bell);
    slope = walk.apply(new Ops.Mul(), slope, walk.scalar(2 / Math.sqrt(Math.PI)));
    Value twice = walk.apply(new Ops.Add(), walk.apply(new ReverseOps.Erf(), a), slope);
    twice = walk.apply(new Ops.Add(), twice, walk.scalar(1));
    Value half = walk.apply(new Ops.Mul(), dy, walk.scalar(0.5));
    walk.give(x, walk.apply(new Ops.Mul(), twice, half));
  }
}
