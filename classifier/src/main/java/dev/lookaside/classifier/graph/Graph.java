package dev.lookaside.classifier.graph;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A finished graph; nodes are in an order in which they can run.
 *
 * @param perWindowOrOne names of inputs that have as many entries as there are windows, or one for
 *     all
 */
public record Graph(
    List<Value> inputs,
    List<Value> weights,
    List<Node> nodes,
    List<Value> outputs,
    Set<String> perWindowOrOne) {
  /** The first operator set with Gelu. */
  static final int OPSET = 20;

  static final int IR_VERSION = 9;

  /** Stands for the number of windows of a run. */
  static final String BATCH = "batch";

  /** Stands for that or for 1. */
  private static final String BATCH_OR_ONE = "batch-or-one";

  public Graph {
    inputs = List.copyOf(inputs);
    weights = List.copyOf(weights);
    nodes = List.copyOf(nodes);
    outputs = List.copyOf(outputs);
    perWindowOrOne = Set.copyOf(perWindowOrOne);
  }

  Graph(List<Value> inputs, List<Value> weights, List<Node> nodes, List<Value> outputs) {
    this(inputs, weights, nodes, outputs, Set.of());
  }

  /**
   * This graph with some weights as inputs, so that each run is given them.
   *
   * @param names of weights
   */
  public Graph withInputs(Set<String> names) {
    return GraphParts.withInputs(this, names);
  }

  /** The input that stands for a value in {@link #after}; its first axis counts windows. */
  public static String givenName(Value cut) {
    return cut.name() + ".given";
  }

  /**
   * This graph with its layer normalisations written as their steps, which a CPU does faster:
   * vectorised and by all threads, where ONNX Runtime's one operator goes value by value.
   */
  public Graph stepwise() {
    return Stepwise.of(this);
  }

  /**
   * This graph with a first axis for each input that is the same for all windows: a run gives it
   * one entry, or one for each window. So windows with different adapters can share a run.
   */
  public Graph stacked() {
    return Stacked.of(this);
  }

  /** The part of this graph that computes a value, which becomes the only output. */
  public Graph until(Value output) {
    return GraphParts.of(this, List.of(output), Optional.empty());
  }

  /**
   * This graph with one more output.
   *
   * @param result of one of its nodes
   */
  public Graph alsoGiving(Value result) {
    List<Value> more = new ArrayList<>(outputs);
    more.add(result);
    return new Graph(inputs, weights, nodes, more, perWindowOrOne);
  }

  /**
   * The part of this graph that comes after a value, which becomes the input {@link #givenName}.
   * What does not depend on it is computed as before.
   *
   * @param cut a batched result
   */
  public Graph after(Value cut) {
    return GraphParts.of(this, outputs, Optional.of(cut));
  }

  /**
   * The ONNX file. Weights are declared as external: the session is handed their buffers, so they
   * are not copied into the file.
   */
  public byte[] toOnnx() {
    GraphProto.Builder graph = GraphProto.newBuilder().setName("lookaside");
    inputs.forEach(
        v -> graph.addInput(info(v, perWindowOrOne.contains(v.name()) ? BATCH_OR_ONE : BATCH)));
    outputs.forEach(v -> graph.addOutput(info(v, BATCH)));
    weights.forEach(v -> graph.addInitializer(external(v)));
    Map<List<Object>, String> constants = new LinkedHashMap<>();
    for (Node node : nodes) {
      NodeProto.Builder n =
          NodeProto.newBuilder()
              .setName(node.output().name())
              .setOpType(node.op().onnxName())
              .addAllAttribute(node.op().attributes())
              .addOutput(node.output().name());
      node.inputs().forEach(v -> n.addInput(v.name()));
      for (Op.Constant c : node.op().constants()) {
        n.addInput(c == Op.Constant.ABSENT ? "" : constantName(graph, constants, c));
      }
      graph.addNode(n);
    }
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .setProducerName("lookaside")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  private static String constantName(
      GraphProto.Builder graph, Map<List<Object>, String> known, Op.Constant c) {
    List<Object> key = List.of(Arrays.toString(c.shape()), Arrays.toString(c.values()));
    return known.computeIfAbsent(
        key,
        k -> {
          String name = "constant." + known.size();
          TensorProto.Builder t =
              TensorProto.newBuilder()
                  .setName(name)
                  .setDataType(TensorProto.DataType.INT64.getNumber());
          for (int s : c.shape()) {
            t.addDims(s);
          }
          for (long v : c.values()) {
            t.addInt64Data(v);
          }
          graph.addInitializer(t);
          return name;
        });
  }

  private static TensorProto external(Value v) {
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(v.name())
            .setDataType(TensorProto.DataType.FLOAT.getNumber())
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(
                StringStringEntryProto.newBuilder().setKey("location").setValue("handed-over"));
    for (int s : v.shape().sizes()) {
      t.addDims(s);
    }
    return t.build();
  }

  private static ValueInfoProto info(Value v, String batch) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    int[] sizes = v.shape().sizes();
    for (int i = 0; i < sizes.length; i++) {
      TensorShapeProto.Dimension.Builder d = TensorShapeProto.Dimension.newBuilder();
      if (i > 0 || !v.shape().batched()) {
        d.setDimValue(sizes[i]);
      } else {
        d.setDimParam(sizes[0] == 1 ? batch : batch + "*" + sizes[0]);
      }
      shape.addDim(d);
    }
    return ValueInfoProto.newBuilder()
        .setName(v.name())
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(TensorProto.DataType.FLOAT.getNumber())
                        .setShape(shape)))
        .build();
  }

  /** Writes layer normalisations as their steps. */
  static final class Stepwise {
    private final GraphBuilder g = new GraphBuilder();
    private final Map<Value, Value> now = new HashMap<>();

    private Stepwise() {}

    static Graph of(Graph graph) {
      Stepwise steps = new Stepwise();
      graph.inputs().forEach(v -> steps.now.put(v, steps.g.input(v.name(), v.shape())));
      graph
          .weights()
          .forEach(v -> steps.now.put(v, steps.g.weight(v.name(), v.weight().orElseThrow())));
      graph.nodes().forEach(steps::add);
      graph.outputs().forEach(v -> steps.g.output(steps.now(v)));
      Graph built = steps.g.build();
      return new Graph(
          built.inputs(), built.weights(), built.nodes(), built.outputs(), graph.perWindowOrOne());
    }

    private void add(Node node) {
      Value[] in = node.inputs().stream().map(this::now).toArray(Value[]::new);
      String name = node.output().name();
      Value y =
          node.op() instanceof Ops.LayerNorm norm && hasRows(in[0].shape())
              ? layerNorm(name, norm.epsilon(), in)
              : g.apply(name, node.op(), in);
      now.put(node.output(), y);
    }

    private Value now(Value v) {
      Value known = now.get(v);
      if (known == null) {
        throw new ShapeException("value " + v.name() + " is used before it is computed");
      }
      return known;
    }

    /**
     * The mean of a single row would take another path through ONNX Runtime than that of several.
     */
    private static boolean hasRows(Shape x) {
      return x.rank() == 2 && x.size(0) > 1;
    }

    private Value layerNorm(String name, float epsilon, Value... in) {
      Value mean = g.apply(name + ".mean", new ReverseOps.Mean(), in[0]);
      Value centred = g.apply(name + ".centred", new ReverseOps.Sub(), in[0], mean);
      Value square = g.apply(name + ".square", new Ops.Mul(), centred, centred);
      Value variance = g.apply(name + ".variance", new ReverseOps.Mean(), square);
      variance = g.apply(name + ".stable", new Ops.Add(), variance, g.constant(epsilon, 1));
      Value deviation = g.apply(name + ".deviation", new ReverseOps.Sqrt(), variance);
      Value normal = g.apply(name + ".normal", new ReverseOps.Div(), centred, deviation);
      Value scaled = g.apply(name + ".scaled", new Ops.Mul(), normal, in[1]);
      return g.apply(name, new Ops.Add(), scaled, in[2]);
    }
  }
}
