package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.GraphBuilder;
import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Op;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Goes through a finished graph from its last node to its first and adds, to the builder that
 * continues it, the nodes that compute gradients. Values that do not depend on a trained tensor get
 * none, so nothing is added for nodes before the first trained tensor.
 */
final class ReverseWalk {
  private final GraphBuilder g;
  private final Set<Value> wanted = new HashSet<>();
  private final Map<Value, Node> producers = new HashMap<>();
  private final Map<Value, List<Node>> uses = new HashMap<>();
  private final Map<Value, Value> gradients = new HashMap<>();
  private String at = "";
  private int applied;

  private ReverseWalk(GraphBuilder g) {
    this.g = g;
  }

  /**
   * Walks the whole graph.
   *
   * @param g continues {@code forward}
   * @param y a value of {@code forward}
   * @param dy the loss's gradient in {@code y}, of its shape
   * @param trained inputs of {@code forward} whose gradients are wanted
   * @return the gradient of each trained input, in their order
   * @throws IllegalArgumentException if {@code y} does not depend on one of them
   */
  static Map<Value, Value> gradients(
      GraphBuilder g, Graph forward, Value y, Value dy, List<Value> trained) {
    ReverseWalk walk = new ReverseWalk(g);
    walk.wanted.addAll(trained);
    for (Node node : forward.nodes()) {
      walk.producers.put(node.output(), node);
      node.inputs().forEach(v -> walk.uses.computeIfAbsent(v, x -> new ArrayList<>()).add(node));
      if (node.inputs().stream().anyMatch(walk.wanted::contains)) {
        walk.wanted.add(node.output());
      }
    }
    walk.give(y, dy);
    walk.back(forward.nodes());
    Map<Value, Value> found = new LinkedHashMap<>();
    for (Value v : trained) {
      Value gradient = walk.gradients.get(v);
      if (gradient == null) {
        throw new IllegalArgumentException(
            "trained tensor \"%s\": %s does not depend on it".formatted(v.name(), y.name()));
      }
      found.put(v, gradient);
    }
    return found;
  }

  private void back(List<Node> nodes) {
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      Value dy = gradients.get(node.output());
      if (dy != null) {
        at = node.output().name();
        applied = 0;
        Rules.apply(this, node, dy);
      }
    }
  }

  /** Whether a value depends on a trained tensor. */
  boolean wants(Value v) {
    return wanted.contains(v);
  }

  /** The node that computes a value, null for inputs and weights. */
  @Nullable Node producer(Value v) {
    return producers.get(v);
  }

  /** The node that uses a value, null if there are several or none. */
  @Nullable Node onlyUse(Value v) {
    List<Node> all = uses.getOrDefault(v, List.of());
    return all.size() == 1 ? all.get(0) : null;
  }

  /** The gradient of a value that is complete: all nodes that use it have been walked through. */
  @Nullable Value gradient(Value v) {
    return gradients.get(v);
  }

  /** Adds to a value's gradient, if it is wanted. */
  void give(Value to, Value gradient) {
    if (wants(to)) {
      Value known = gradients.get(to);
      gradients.put(to, known == null ? gradient : apply(new Ops.Add(), known, gradient));
    }
  }

  /** As {@link #give} of a product, which takes up what the value already has on the way. */
  void giveProduct(Value to, Ops.Gemm product, Value a, Value b) {
    Value known = gradients.get(to);
    gradients.put(to, known == null ? apply(product, a, b) : apply(product, a, b, known));
  }

  /** Adds a node. */
  Value apply(Op op, Value... in) {
    applied++;
    return g.apply("d." + at + "." + applied, op, in);
  }

  /** The same values under another shape. */
  Value reshaped(Shape to, Value x) {
    return x.shape().equals(to) ? x : apply(new Ops.Reshape(to), x);
  }

  /** Sums over the axes along which a value of shape {@code to} was repeated. */
  Value summedTo(Shape to, Value dy) {
    Shape from = dy.shape();
    int lead = from.rank() - to.rank();
    List<Integer> axes = new ArrayList<>();
    for (int a = 0; a < from.rank(); a++) {
      boolean windows = a == 0 && from.batched() && !to.batched();
      if (a < lead || (to.size(a - lead) == 1 && (from.size(a) > 1 || windows))) {
        axes.add(a);
      }
    }
    if (axes.isEmpty()) {
      return dy;
    }
    int[] over = axes.stream().mapToInt(Integer::intValue).toArray();
    return reshaped(to, apply(new ReverseOps.SumOver(over), dy));
  }

  /** A single number that meets every value. */
  Value scalar(double value) {
    return g.constant((float) value, 1);
  }
}
