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
  private final List<Segment> again;
  private String at = "";
  private int applied;

  /**
   * Nodes whose values are computed again in the backward pass (activation checkpointing).
   *
   * @param entry what the nodes start from; no other node uses it
   * @param nodes in an order in which they can run; nothing outside uses what they give, except for
   *     the last, whose shape is that of {@code entry}
   */
  record Segment(Value entry, List<Node> nodes) {
    Segment {
      nodes = List.copyOf(nodes);
      if (!nodes.get(nodes.size() - 1).output().shape().equals(entry.shape())) {
        throw new IllegalArgumentException(entry.name() + ": another shape goes out");
      }
    }

    Value result() {
      return nodes.get(nodes.size() - 1).output();
    }
  }

  private ReverseWalk(GraphBuilder g, List<Segment> again) {
    this.g = g;
    this.again = again;
  }

  /**
   * Walks the whole graph.
   *
   * @param g continues {@code forward}
   * @param y a value of {@code forward}
   * @param dy the loss's gradient in {@code y}, of its shape
   * @param trained inputs of {@code forward} whose gradients are wanted
   * @param again segments of {@code forward}, which do not overlap
   * @return the gradient of each trained input, in their order
   * @throws IllegalArgumentException if {@code y} does not depend on one of them
   */
  static Map<Value, Value> gradients(
      GraphBuilder g, Graph forward, Value y, Value dy, List<Value> trained, List<Segment> again) {
    ReverseWalk walk = new ReverseWalk(g, again);
    walk.wanted.addAll(trained);
    forward.nodes().forEach(walk::know);
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

  private void know(Node node) {
    producers.put(node.output(), node);
    node.inputs().forEach(v -> uses.computeIfAbsent(v, x -> new ArrayList<>()).add(node));
    if (node.inputs().stream().anyMatch(wanted::contains)) {
      wanted.add(node.output());
    }
  }

  private void back(List<Node> nodes) {
    for (int i = nodes.size() - 1; i >= 0; i--) {
      Node node = nodes.get(i);
      Value dy = gradients.get(node.output());
      if (dy != null && !computeAgain(node.output(), dy)) {
        at = node.output().name();
        applied = 0;
        Rules.apply(this, node, dy);
      }
    }
  }

  /**
   * Where a segment ends, adds its nodes once more and goes back through these: the segment's own
   * nodes get no gradients then, and nothing is left that would need their values. The copies start
   * from {@code entry + 0 dy}, which is the entry, but not known before the way back has come here:
   * without it, ONNX Runtime would compute them beside their originals, or see that they are equal.
   *
   * @return whether a segment ends there
   */
  private boolean computeAgain(Value end, Value dy) {
    for (Segment segment : again) {
      if (segment.result().equals(end)) {
        at = "entering." + segment.entry().name();
        applied = 0;
        Value nothing = apply(new Ops.Mul(), dy, scalar(0));
        Value entry = apply(new Ops.Add(), segment.entry(), nothing);
        if (wants(segment.entry())) {
          wanted.add(entry);
        }
        List<Node> copies = copies(segment, entry);
        give(copies.get(copies.size() - 1).output(), dy);
        back(copies);
        Value toEntry = gradients.get(entry);
        if (toEntry != null) {
          give(segment.entry(), toEntry);
        }
        return true;
      }
    }
    return false;
  }

  private List<Node> copies(Segment segment, Value entry) {
    Map<Value, Value> copies = new HashMap<>(Map.of(segment.entry(), entry));
    List<Node> nodes = new ArrayList<>();
    for (Node node : segment.nodes()) {
      if (node.inputs().stream().anyMatch(copies::containsKey)) {
        nodes.add(copy(node, copies));
      }
    }
    nodes.forEach(this::know);
    return nodes;
  }

  private Node copy(Node node, Map<Value, Value> copies) {
    Value[] in = node.inputs().stream().map(v -> copies.getOrDefault(v, v)).toArray(Value[]::new);
    Value out = g.apply("again." + node.output().name(), node.op(), in);
    copies.put(node.output(), out);
    return new Node(node.op(), List.of(in), out);
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
