package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gradients of operations that only move values, and of the sum along an axis. */
final class ShapeRules {
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
