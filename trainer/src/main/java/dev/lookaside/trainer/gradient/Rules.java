package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Op;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.Value;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** One rule beside each operation of the model. */
final class Rules {
  /** Operations that only gradients are made of: they are not differentiated again. */
  static final Set<Class<? extends Op>> WITHOUT =
      Set.of(
          ReverseOps.Div.class,
          ReverseOps.Erf.class,
          ReverseOps.Exp.class,
          ReverseOps.Mean.class,
          ReverseOps.OuterSum.class,
          ReverseOps.Sigmoid.class,
          ReverseOps.Sqrt.class,
          ReverseOps.Sub.class,
          ReverseOps.SumOver.class);

  private static final Map<Class<? extends Op>, Rule<Op>> RULES = new HashMap<>();

  static {
    add(Ops.Add.class, PointRules::add);
    add(Ops.Concat.class, ShapeRules::concat);
    add(Ops.Gather.class, ShapeRules::gather);
    add(Ops.Gelu.class, PointRules::gelu);
    add(Ops.Gemm.class, MatrixRules::gemm);
    add(Ops.LayerNorm.class, RowRules::layerNorm);
    add(Ops.MatMul.class, MatrixRules::matMul);
    add(Ops.Mul.class, PointRules::mul);
    add(Ops.Pad.class, ShapeRules::pad);
    add(Ops.ReduceSum.class, ShapeRules::reduceSum);
    add(Ops.Reshape.class, ShapeRules::reshape);
    add(Ops.Slice.class, ShapeRules::slice);
    add(Ops.Softmax.class, RowRules::softmax);
    add(Ops.Transpose.class, ShapeRules::transpose);
  }

  private Rules() {}

  private static <O extends Op> void add(Class<O> op, Rule<O> rule) {
    RULES.put(op, (walk, o, node, dy) -> rule.apply(walk, op.cast(o), node, dy));
  }

  static boolean has(Class<?> op) {
    return RULES.containsKey(op);
  }

  /**
   * Applies the rule of a node's operation.
   *
   * @throws IllegalStateException if the operation has none
   */
  static void apply(ReverseWalk walk, Node node, Value dy) {
    Rule<Op> rule = RULES.get(node.op().getClass());
    if (rule == null) {
      throw new IllegalStateException("operation " + node.op() + " has no gradient");
    }
    rule.apply(walk, node.op(), node, dy);
  }
}
