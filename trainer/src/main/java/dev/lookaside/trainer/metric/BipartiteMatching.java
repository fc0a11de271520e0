package dev.lookaside.trainer.metric;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/**
 * Maximum matching of a bipartite graph by augmenting paths (Berge 1957, Kuhn 1955). The search for
 * a path is breadth first and has no recursion, so long chains of overlapping events cannot
 * overflow the stack.
 */
final class BipartiteMatching {
  private static final int NONE = -1;

  private BipartiteMatching() {}

  /**
   * Matches as many left nodes as possible.
   *
   * @param edges right nodes of every left node, in order of preference: a free one that comes
   *     first is taken first
   * @param rights number of right nodes
   * @return right node of each left node, or -1; deterministic
   */
  static int[] match(List<int[]> edges, int rights) {
    int[] rightOf = new int[edges.size()];
    int[] leftOf = new int[rights];
    Arrays.fill(rightOf, NONE);
    Arrays.fill(leftOf, NONE);
    int[] cameFrom = new int[rights];
    int[] visitedIn = new int[rights];
    Arrays.fill(visitedIn, NONE);
    for (int root = 0; root < edges.size(); root++) {
      int end = findPath(root, edges, leftOf, cameFrom, visitedIn);
      while (end != NONE) {
        int left = cameFrom[end];
        int before = rightOf[left];
        rightOf[left] = end;
        leftOf[end] = left;
        end = before;
      }
    }
    return rightOf;
  }

  /** A free right node that an alternating path joins with {@code root}, or -1. */
  private static int findPath(
      int root, List<int[]> edges, int[] leftOf, int[] cameFrom, int[] visitedIn) {
    ArrayDeque<Integer> lefts = new ArrayDeque<>();
    lefts.add(root);
    while (!lefts.isEmpty()) {
      int left = lefts.remove();
      for (int right : edges.get(left)) {
        if (visitedIn[right] == root) {
          continue;
        }
        visitedIn[right] = root;
        cameFrom[right] = left;
        if (leftOf[right] == NONE) {
          return right;
        }
        lefts.add(leftOf[right]);
      }
    }
    return NONE;
  }
}
