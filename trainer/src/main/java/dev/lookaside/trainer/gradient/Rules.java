package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Op;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

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

  /** How the gradient of an operation's result becomes those of its inputs. */
  @FunctionalInterface
  interface Rule<O extends Op> {
    /**
     * Gives each wanted input of a node its share.
     *
     * @param dy gradient of the node's first result, of that result's shape
     */
    void apply(ReverseWalk walk, O op, Node node, Value dy);
  }

  /** Gradients of products. */
  static final class MatrixRules {
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

  /** Gradients of operations that work value by value. */
  static final class PointRules {
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

  /** Gradients of operations that normalise along the last axis. */
  static final class RowRules {
    private RowRules() {}

    /** {@code dx = y (dy - sum(dy y))}. */
    static void softmax(ReverseWalk walk, Ops.Softmax op, Node node, Value dy) {
      Value x = node.inputs().get(0);
      Value y = node.output();
      Value product = rowProduct(walk, y, dy);
      Value sum = walk.apply(new ReverseOps.SumOver(product.shape().rank() - 1), product);
      int[] sizes = y.shape().sizes();
      sizes[sizes.length - 1] = 1;
      sum = walk.reshaped(new Shape(y.shape().batched(), sizes), sum);
      walk.give(x, walk.apply(new Ops.Mul(), y, walk.apply(new ReverseOps.Sub(), dy, sum)));
    }

    /**
     * Something whose rows have the same sums as those of {@code dy y}. If all that becomes of y is
     * {@code z = y v}, then {@code dy = dz v^T}, and {@code dz z} will do, which is as narrow as v
     * (Dao et al., FlashAttention, arXiv 2205.14135, appendix B.2).
     */
    private static Value rowProduct(ReverseWalk walk, Value y, Value dy) {
      Node use = walk.onlyUse(y);
      if (use != null && use.op() instanceof Ops.MatMul && use.inputs().get(0).equals(y)) {
        Value z = use.output();
        Value dz = walk.gradient(z);
        if (dz != null && z.shape().rank() == y.shape().rank()) {
          return walk.apply(new Ops.Mul(), dz, z);
        }
      }
      return walk.apply(new Ops.Mul(), dy, y);
    }

    /**
     * With {@code s} the deviation of x, {@code n = (x - mean(x)) / s} and {@code dn = dy scale}:
     * {@code dx = (dn - mean(dn) - n mean(dn n)) / s}. All but the last three steps are vectors
     * along the rows or run at the speed of memory; ONNX Runtime's own normalisation takes four
     * times as long.
     */
    static void layerNorm(ReverseWalk walk, Ops.LayerNorm op, Node node, Value dy) {
      Value x = node.inputs().get(0);
      Value scale = node.inputs().get(1);
      Value shift = node.inputs().get(2);
      if (walk.wants(shift)) {
        walk.give(shift, walk.summedTo(shift.shape(), dy));
      }
      if (!walk.wants(x) && !walk.wants(scale)) {
        return;
      }
      Value centred = walk.apply(new ReverseOps.Sub(), x, mean(walk, x));
      Value variance = mean(walk, walk.apply(new Ops.Mul(), centred, centred));
      variance = walk.apply(new Ops.Add(), variance, walk.scalar(op.epsilon()));
      Value deviation = walk.apply(new ReverseOps.Sqrt(), variance);
      Value n = walk.apply(new ReverseOps.Div(), centred, deviation);
      if (walk.wants(scale)) {
        walk.give(scale, walk.summedTo(scale.shape(), walk.apply(new Ops.Mul(), dy, n)));
      }
      if (walk.wants(x)) {
        Value dn = walk.apply(new Ops.Mul(), dy, scale);
        Value along = mean(walk, walk.apply(new Ops.Mul(), dn, n));
        Value rest = walk.apply(new ReverseOps.Sub(), dn, walk.apply(new Ops.Mul(), n, along));
        rest = walk.apply(new ReverseOps.Sub(), rest, mean(walk, dn));
        walk.give(x, walk.apply(new ReverseOps.Div(), rest, deviation));
      }
    }

    private static Value mean(ReverseWalk walk, Value x) {
      return walk.apply(new ReverseOps.Mean(), x);
    }
  }

  /** Gradients of operations that only move values, and of the sum along an axis. */
  static final class ShapeRules {
    private ShapeRules() {}

    static void reshape(ReverseWalk walk, Ops.Reshape op, Node node, Value dy) {
      Value x = node.inputs().get(0);
      walk.give(x, walk.reshaped(x.shape(), dy));
    }

    static void transpose(ReverseWalk walk, Ops.Transpose op, Node node, Value dy) {
      int[] back = new int[op.order().length];
      for (int i = 0; i < back.length; i++) {
        back[op.order()[i]] = i;
      }
      walk.give(node.inputs().get(0), walk.apply(new Ops.Transpose(back), dy));
    }

    static void concat(ReverseWalk walk, Ops.Concat op, Node node, Value dy) {
      int from = 0;
      int axis = axis(op.axis(), dy.shape());
      for (Value x : node.inputs()) {
        int until = from + x.shape().size(axis);
        if (walk.wants(x)) {
          walk.give(x, walk.apply(new Ops.Slice(axis, from, until), dy));
        }
        from = until;
      }
    }

    static void slice(ReverseWalk walk, Ops.Slice op, Node node, Value dy) {
      Value x = node.inputs().get(0);
      int axis = axis(op.axis(), x.shape());
      int after = x.shape().size(axis) - op.until();
      walk.give(x, walk.apply(new Ops.Pad(axis, op.from(), after), dy));
    }

    static void pad(ReverseWalk walk, Ops.Pad op, Node node, Value dy) {
      Value x = node.inputs().get(0);
      int until = op.before() + x.shape().size(op.axis());
      walk.give(x, walk.apply(new Ops.Slice(op.axis(), op.before(), until), dy));
    }

    /** Every entry along the axis gets the same. */
    static void reduceSum(ReverseWalk walk, Ops.ReduceSum op, Node node, Value dy) {
      Value x = node.inputs().get(0);
      int axis = axis(op.axis(), x.shape());
      int[] one = x.shape().sizes();
      int n = one[axis];
      one[axis] = 1;
      Value row = walk.reshaped(new Shape(x.shape().batched(), one), dy);
      walk.give(x, walk.apply(new Ops.Gather(axis, new int[] {n}, new int[n]), row));
    }

    /**
     * Each entry gets the sum of those picked from it: again a gather, by the inverted index. Where
     * the entries come from {@link Ops.Pad}, its zeros, which many may pick, are left out.
     */
    static void gather(ReverseWalk walk, Ops.Gather op, Node node, Value dy) {
      Value x = node.inputs().get(0);
      int axis = axis(op.axis(), x.shape());
      int first = 0;
      Node padding = walk.producer(x);
      if (padding != null && padding.op() instanceof Ops.Pad pad && pad.axis() == axis) {
        x = padding.inputs().get(0);
        first = pad.before();
      }
      int[] sizes = dy.shape().sizes();
      int[] flat = new int[x.shape().rank()];
      System.arraycopy(sizes, 0, flat, 0, axis);
      int picks = op.indices().length;
      flat[axis] = picks;
      int after = flat.length - axis - 1;
      System.arraycopy(sizes, sizes.length - after, flat, axis + 1, after);
      dy = walk.reshaped(new Shape(dy.shape().batched(), flat), dy);
      int[][] pickers = pickers(op.indices(), first, x.shape().size(axis));
      int most = Arrays.stream(pickers).mapToInt(p -> p.length).max().orElseThrow();
      if (Arrays.stream(pickers).anyMatch(p -> p.length < most)) {
        dy = walk.apply(new Ops.Pad(axis, 0, 1), dy);
      }
      int[] index = new int[pickers.length * most];
      Arrays.fill(index, picks);
      for (int i = 0; i < pickers.length; i++) {
        System.arraycopy(pickers[i], 0, index, i * most, pickers[i].length);
      }
      int[] shape = most == 1 ? new int[] {pickers.length} : new int[] {pickers.length, most};
      Value dx = walk.apply(new Ops.Gather(axis, shape, index), dy);
      walk.give(x, most == 1 ? dx : walk.apply(new Ops.ReduceSum(axis + 1), dx));
    }

    /** For each of {@code n} entries from {@code first} on, the places that pick it. */
    private static int[][] pickers(int[] indices, int first, int n) {
      List<List<Integer>> of = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        of.add(new ArrayList<>());
      }
      for (int place = 0; place < indices.length; place++) {
        int entry = indices[place] - first;
        if (entry >= 0 && entry < n) {
          of.get(entry).add(place);
        }
      }
      return of.stream()
          .map(places -> places.stream().mapToInt(Integer::intValue).toArray())
          .toArray(int[][]::new);
    }

    private static int axis(int axis, Shape shape) {
      return axis < 0 ? axis + shape.rank() : axis;
    }
  }
}
