package dev.lookaside.trainer.head;

import java.util.ArrayDeque;
import java.util.Iterator;

/**
 * Minimises a smooth convex function of many numbers. L-BFGS with a backtracking line search; pure,
 * the same bits for the same function.
 *
 * @see <a href="https://doi.org/10.1007/BF01589116">Liu, Nocedal: On the limited memory BFGS method
 *     for large scale optimization, 1989</a>
 */
final class LimitedMemory {
  /** Corrections kept; 3 to 20 are usual. */
  private static final int MEMORY = 10;

  private static final double SUFFICIENT = 1e-4;
  private static final int HALVINGS_MAX = 30;

  /** A value and its gradient. */
  interface Function {
    /**
     * @param gradient of the size of {@code at}, written
     */
    double of(double[] at, double[] gradient);
  }

  private record Move(double[] step, double[] change, double curvature) {}

  private LimitedMemory() {}

  /**
   * Goes down from {@code start}, which becomes the result.
   *
   * @param tolerance ends when the gradient's norm is so small a share of its first one
   * @return steps done
   */
  static int minimise(double[] start, Function function, double tolerance, int maxSteps) {
    int n = start.length;
    double[] gradient = new double[n];
    double value = function.of(start, gradient);
    double wanted = tolerance * norm(gradient);
    ArrayDeque<Move> moves = new ArrayDeque<>();
    double[] next = new double[n];
    double[] nextGradient = new double[n];
    int steps = 0;
    while (steps < maxSteps && norm(gradient) > wanted) {
      double[] direction = direction(gradient, moves);
      double slope = dot(direction, gradient);
      // The first direction has the gradient's length, which says nothing of the distance.
      double length = moves.isEmpty() ? Math.min(1, 1 / norm(gradient)) : 1;
      double nextValue = Double.POSITIVE_INFINITY;
      int halvings = 0;
      while (halvings < HALVINGS_MAX) {
        for (int i = 0; i < n; i++) {
          next[i] = start[i] + length * direction[i];
        }
        nextValue = function.of(next, nextGradient);
        if (nextValue <= value + SUFFICIENT * length * slope) {
          break;
        }
        length /= 2;
        halvings++;
      }
      if (!(nextValue < value)) {
        break;
      }
      remember(moves, start, next, gradient, nextGradient);
      System.arraycopy(next, 0, start, 0, n);
      System.arraycopy(nextGradient, 0, gradient, 0, n);
      value = nextValue;
      steps++;
    }
    return steps;
  }

  private static void remember(
      ArrayDeque<Move> moves, double[] from, double[] to, double[] before, double[] after) {
    double[] step = new double[from.length];
    double[] change = new double[from.length];
    for (int i = 0; i < from.length; i++) {
      step[i] = to[i] - from[i];
      change[i] = after[i] - before[i];
    }
    double curvature = dot(step, change);
    if (curvature > 1e-12 * dot(change, change)) {
      moves.addLast(new Move(step, change, curvature));
      if (moves.size() > MEMORY) {
        moves.removeFirst();
      }
    }
  }

  /** The two-loop recursion. */
  private static double[] direction(double[] gradient, ArrayDeque<Move> moves) {
    double[] q = gradient.clone();
    double[] shares = new double[moves.size()];
    int at = moves.size();
    for (Iterator<Move> i = moves.descendingIterator(); i.hasNext(); ) {
      Move move = i.next();
      double share = dot(move.step(), q) / move.curvature();
      shares[--at] = share;
      add(q, -share, move.change());
    }
    Move newest = moves.peekLast();
    double scale = newest == null ? 1 : newest.curvature() / dot(newest.change(), newest.change());
    for (int i = 0; i < q.length; i++) {
      q[i] *= scale;
    }
    for (Move move : moves) {
      double share = dot(move.change(), q) / move.curvature();
      add(q, shares[at++] - share, move.step());
    }
    for (int i = 0; i < q.length; i++) {
      q[i] = -q[i];
    }
    return q;
  }

  private static void add(double[] to, double times, double[] what) {
    for (int i = 0; i < to.length; i++) {
      to[i] += times * what[i];
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double norm(double[] a) {
    return Math.sqrt(dot(a, a));
  }
}
