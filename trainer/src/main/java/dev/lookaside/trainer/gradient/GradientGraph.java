package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.GraphBuilder;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.graph.Node;
import dev.lookaside.classifier.graph.Op;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.ReverseOps;
import dev.lookaside.classifier.graph.TensorPart;
import dev.lookaside.classifier.graph.TensorParts;
import dev.lookaside.classifier.graph.Value;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.trainer.gradient.ReverseWalk.Segment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The model forward and backward, for a set of trained tensors.
 *
 * @param graph outputs the logits and the gradients; trained weights are inputs
 * @param entry name of the input that the windows, or what the prefix made of them, go into
 * @param prefix the blocks before the first trained one, if there are any: from windows to the
 *     values of {@code entry}
 * @param gradients by the name of a trained input, the output that is its gradient
 * @param all how all files' tensors make up inputs and weights
 * @param keptBytes of one window, kept for the backward pass
 * @param recomputed whether blocks keep what enters them only, and are computed once more on the
 *     way back (Chen et al., arXiv 1604.06174)
 */
record GradientGraph(
    Graph graph,
    String entry,
    Optional<Graph> prefix,
    Map<String, String> gradients,
    List<TensorPart> all,
    long keptBytes,
    boolean recomputed) {
  /** Inputs of the loss, shaped as the logits. */
  static final String SHARE = "loss.share";

  static final String TARGET = "loss.target";

  /**
   * Builds the graph.
   *
   * @param activation of the loss
   * @param trained names of tensors in the adapter's and the backbone's file
   * @param keptLimitBytes if a window's values need more, blocks keep what enters them only
   * @throws IllegalArgumentException if one is no tensor of the model, or the position table to be
   *     trained is not on the model's grid
   */
  static GradientGraph of(
      ModelSpec spec,
      Backbone backbone,
      Activation activation,
      Set<String> trained,
      long keptLimitBytes) {
    List<TensorPart> parts = TensorParts.of(spec);
    check(spec, parts, trained);
    Set<String> open =
        parts.stream()
            .filter(p -> trained.contains(p.tensor()))
            .map(TensorPart::value)
            .collect(Collectors.toCollection(TreeSet::new));
    Graph forward = opened(VitLoaa.build(spec, backbone), open);
    int block = firstTrainedBlock(spec.vit(), trained);
    Optional<Graph> prefix = Optional.empty();
    String entry = VitLoaa.X;
    if (block > 0) {
      Value cut = VitLoaa.entering(forward, spec.vit(), block);
      prefix = Optional.of(forward.until(cut));
      entry = Graph.givenName(cut);
      forward = forward.after(cut);
    }
    List<Segment> blocks = blocks(forward, spec.vit(), block);
    boolean recomputed = bytes(forward.nodes()) > keptLimitBytes && !blocks.isEmpty();
    List<Segment> again = recomputed ? blocks : List.of();
    return withGradients(forward, entry, prefix, activation, open, parts, again);
  }

  /** All blocks but the last, with which the way back begins while its values are still there. */
  private static List<Segment> blocks(Graph forward, ViTSpec vit, int first) {
    List<Value> results = forward.nodes().stream().map(Node::output).toList();
    List<Segment> blocks = new ArrayList<>();
    for (int b = first; b < vit.depth() - 1; b++) {
      Value entry = VitLoaa.entering(forward, vit, b);
      int from = results.indexOf(entry) + 1;
      int until = results.indexOf(VitLoaa.entering(forward, vit, b + 1)) + 1;
      blocks.add(new Segment(entry, forward.nodes().subList(from, until)));
    }
    return blocks;
  }

  /** Of what the nodes give for one window; another shape of the same values needs no memory. */
  private static long bytes(List<Node> nodes) {
    return Float.BYTES
        * nodes.stream()
            .filter(n -> !(n.op() instanceof Ops.Reshape))
            .mapToLong(n -> n.output().shape().elements())
            .sum();
  }

  private static GradientGraph withGradients(
      Graph forward,
      String entry,
      Optional<Graph> prefix,
      Activation activation,
      Set<String> open,
      List<TensorPart> parts,
      List<Segment> again) {
    GraphBuilder g = GraphBuilder.continuing(forward);
    Value logits = forward.outputs().get(0);
    Op act = activation == Activation.SOFTMAX ? new Ops.Softmax() : new ReverseOps.Sigmoid();
    Value share = g.input(SHARE, logits.shape());
    Value target = g.input(TARGET, logits.shape());
    Value y = g.apply("loss.activation", act, logits);
    y = g.apply("loss.shared", new Ops.Mul(), y, share);
    Value dLogits = g.apply("loss.gradient", new ReverseOps.Sub(), y, target);
    List<Value> trained = forward.inputs().stream().filter(v -> open.contains(v.name())).toList();
    Map<String, String> gradients = new LinkedHashMap<>();
    ReverseWalk.gradients(g, forward, logits, dLogits, trained, again)
        .forEach(
            (v, gradient) -> {
              g.output(gradient);
              gradients.put(v.name(), gradient.name());
            });
    long kept = bytes(forward.nodes());
    for (Segment block : again) {
      kept -= bytes(block.nodes().subList(0, block.nodes().size() - 1));
    }
    return new GradientGraph(g.build(), entry, prefix, gradients, parts, kept, !again.isEmpty());
  }

  private static Graph opened(Graph forward, Set<String> open) {
    Set<String> weights = new TreeSet<>(open);
    forward.inputs().forEach(v -> weights.remove(v.name()));
    return forward.withInputs(weights);
  }

  private static void check(ModelSpec spec, List<TensorPart> parts, Set<String> trained) {
    if (trained.isEmpty()) {
      throw new IllegalArgumentException("no tensor is to be trained");
    }
    Set<String> strangers = new TreeSet<>(trained);
    parts.forEach(p -> strangers.remove(p.tensor()));
    if (!strangers.isEmpty()) {
      throw new IllegalArgumentException("trained tensors " + strangers + ": not in the model");
    }
    ViTSpec vit = spec.vit();
    boolean sameGrid = vit.gridRows() == spec.rows() && vit.gridColumns() == spec.columns();
    if (trained.contains("pos_embed") && !sameGrid) {
      throw new IllegalArgumentException(
          "trained tensor \"pos_embed\": the backbone's grid is %d x %d, windows have %d x %d patches"
              .formatted(vit.gridRows(), vit.gridColumns(), spec.rows(), spec.columns()));
    }
  }

  /** 0 if the stem is trained, the depth if only the head is. */
  private static int firstTrainedBlock(ViTSpec vit, Set<String> trained) {
    int first = vit.depth();
    for (String name : trained) {
      if (name.startsWith("blocks.")) {
        String[] words = name.split("\\.", 3);
        first = Math.min(first, Integer.parseInt(words[1]));
      } else if (!name.startsWith("head.") && (vit.normAfter() || !name.startsWith("norm."))) {
        first = 0;
      }
    }
    return first;
  }

  /** By the name of an input of the graph that files' tensors make up, its parts. */
  Map<String, List<TensorPart>> parts() {
    return partsOf(graph);
  }

  /** As {@link #parts}, of the prefix. */
  Map<String, List<TensorPart>> prefixParts() {
    return prefix.map(this::partsOf).orElse(Map.of());
  }

  private Map<String, List<TensorPart>> partsOf(Graph of) {
    Map<String, List<TensorPart>> found = new LinkedHashMap<>();
    for (Value v : of.inputs()) {
      for (TensorPart p : all) {
        if (p.value().equals(v.name())) {
          found.computeIfAbsent(v.name(), n -> new ArrayList<>()).add(p);
        }
      }
    }
    return found;
  }
}
