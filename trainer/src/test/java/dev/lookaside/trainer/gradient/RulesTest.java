package dev.lookaside.trainer.gradient;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.GraphBuilder;
import dev.lookaside.classifier.graph.Op;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.GraphRun;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RulesTest {
  private static final int WINDOWS = 2;
  private static final Shape ROWS = Shape.perWindow(6, 4);
  private static final Shape CUBE = Shape.perWindow(1, 6, 4);
  private static final Shape HEADS = Shape.perWindow(1, 2, 3, 4);
  private static final int[] PICKS = {5, 0, 5, 2, 2, 5};

  record Case(Op op, List<Shape> in) {
    @Override
    public String toString() {
      return op.onnxName() + in;
    }
  }

  static List<Case> cases() {
    return List.of(
        of(new Ops.Add(), ROWS, ROWS),
        of(new Ops.Add(), ROWS, Shape.fixed(4)),
        of(new Ops.Add(), CUBE, Shape.fixed(6, 4)),
        of(new Ops.Mul(), CUBE, CUBE),
        of(new Ops.Mul(), CUBE, Shape.fixed(1)),
        of(new Ops.Mul(), CUBE, Shape.fixed(6, 1)),
        of(new Ops.Mul(), ROWS, Shape.perWindow(6, 1)),
        of(new Ops.Mul(), CUBE, Shape.perWindow(1, 1, 4)),
        of(new Ops.Gelu(), ROWS),
        of(new Ops.Softmax(), ROWS),
        of(new Ops.Softmax(), HEADS),
        of(new Ops.LayerNorm(1e-5f), ROWS, Shape.fixed(4), Shape.fixed(4)),
        of(new Ops.LayerNorm(1e-5f), CUBE, Shape.fixed(4), Shape.fixed(4)),
        of(new Ops.Gemm(false), ROWS, Shape.fixed(4, 9)),
        of(new Ops.Gemm(false), ROWS, Shape.fixed(4, 9), Shape.perWindow(6, 9)),
        of(new Ops.Gemm(true), ROWS, Shape.fixed(9, 4), Shape.fixed(9)),
        of(new Ops.Gemm(true), Shape.fixed(6, 4), Shape.fixed(9, 4), Shape.fixed(6, 9)),
        of(new Ops.MatMul(), HEADS, Shape.perWindow(1, 2, 4, 5)),
        of(new Ops.MatMul(), Shape.fixed(3, 6), CUBE),
        of(new Ops.Reshape(CUBE), ROWS),
        of(new Ops.Transpose(0, 2, 3, 1), HEADS),
        of(new Ops.Transpose(2, 0, 1), Shape.fixed(2, 3, 4)),
        of(new Ops.Concat(2), CUBE, Shape.perWindow(1, 6, 3)),
        of(new Ops.Concat(-1), CUBE, CUBE, CUBE),
        of(new Ops.Slice(1, 3, 5), CUBE),
        of(new Ops.Slice(-1, 0, 3), CUBE),
        of(new Ops.Gather(1, new int[] {2, 3}, PICKS), CUBE),
        of(new Ops.Gather(1, new int[] {6}, new int[] {5, 4, 3, 2, 1, 0}), CUBE),
        of(new Ops.Gather(-1, new int[] {3}, new int[] {3, 0, 1}), ROWS),
        of(new Ops.Pad(1, 1, 2), CUBE),
        of(new Ops.ReduceSum(1), CUBE),
        of(new Ops.ReduceSum(-1), HEADS));
  }

  private static Case of(Op op, Shape... in) {
    return new Case(op, List.of(in));
  }

  @Test
  void everyOperationHasARuleOrSaysThatItHasNone() {
    Set<Class<?>> tested = cases().stream().map(c -> c.op().getClass()).collect(Collectors.toSet());
    for (Class<?> op : Op.class.getPermittedSubclasses()) {
      assertThat(Rules.has(op)).as(op.getSimpleName()).isEqualTo(tested.contains(op));
      assertThat(Rules.has(op)).as(op.getSimpleName()).isNotEqualTo(Rules.WITHOUT.contains(op));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void gradientsAreThoseOfFiniteDifferences(Case c) {
    GraphBuilder g = new GraphBuilder();
    List<Value> inputs = new ArrayList<>();
    Value[] in = new Value[c.in().size()];
    for (int i = 0; i < in.length; i++) {
      in[i] = shaped(g, "in." + i, c.in().get(i), inputs);
    }
    // Twice, so that gradients of several uses are added up.
    Value once = g.apply("once", c.op(), in);
    Value y = g.apply("y", new Ops.Mul(), once, g.apply("again", c.op(), in));
    check(g, inputs, y);
  }

  @Test
  void zerosAddedBeforeAGatherNeedNoGradient() {
    GraphBuilder g = new GraphBuilder();
    List<Value> inputs = new ArrayList<>();
    Value x = shaped(g, "x", CUBE, inputs);
    Value edge = g.apply("edge", new Ops.Pad(1, 1, 2), x);
    int[] picks = {0, 1, 8, 3, 2, 7, 6, 5, 0, 0, 0, 4};
    Value y = g.apply("y", new Ops.Gather(1, new int[] {6, 2}, picks), edge);
    Graph graph = check(g, inputs, y);
    assertThat(graph.nodes()).noneMatch(n -> n.op() instanceof Ops.Slice);
  }

  @Test
  void geluHasAFiniteSlopeEverywhere() {
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Shape.perWindow(1, 7));
    Value dy = g.input("dy", x.shape());
    g.output(g.apply("y", new Ops.Gelu(), x));
    Graph forward = g.build();
    GraphBuilder more = GraphBuilder.continuing(forward);
    Value dx =
        ReverseWalk.gradients(more, forward, forward.outputs().get(0), dy, List.of(x), List.of())
            .get(x);
    more.output(dx);
    float[] at = {-1e4f, -20, -0f, 0, 1e-30f, 20, 1e4f};
    try (GraphRun run = GraphRun.open(more.build(), new ScorerSettings(Device.CPU, 1, 1))) {
      run.buffer("x", 1).put(0, at);
      run.buffer("dy", 1).put(0, new float[] {1, 1, 1, 1, 1, 1, 1});
      run.run(1);
      float[] slope = new float[7];
      run.buffer(dx.name(), 1).get(0, slope);
      assertThat(slope).containsExactly(0, 0, 0.5f, 0.5f, 0.5f, 1, 1);
    }
  }

  /** Batched inputs have 1 as their first size, so other shapes are reshaped from it. */
  private static Value shaped(GraphBuilder g, String name, Shape shape, List<Value> inputs) {
    int[] sizes = shape.sizes();
    Shape given =
        shape.batched()
            ? Shape.perWindow(1, Math.toIntExact(shape.elements()))
            : Shape.fixed(sizes);
    Value input = g.input(name + ".given", given);
    inputs.add(input);
    return g.apply(name, new Ops.Reshape(shape), input);
  }

  private static Graph check(GraphBuilder g, List<Value> inputs, Value y) {
    g.output(y);
    Graph forward = g.build();
    GraphBuilder more = GraphBuilder.continuing(forward);
    List<Value> given = new ArrayList<>();
    Value dy = shaped(more, "dy", y.shape(), given);
    Map<Value, Value> gradients = ReverseWalk.gradients(more, forward, y, dy, inputs, List.of());
    gradients.values().forEach(more::output);
    Graph graph = more.build();
    SeededRandom.forAll(
        RulesTest.class,
        3,
        random -> {
          Map<String, double[]> numbers = new HashMap<>();
          Stream.concat(inputs.stream(), given.stream())
              .forEach(
                  v -> {
                    double[] n = new double[size(v)];
                    java.util.Arrays.setAll(n, i -> (float) random.nextGaussian());
                    numbers.put(v.name(), n);
                  });
          FiniteDifferences.check(forward, graph, y, gradients, numbers, WINDOWS);
        });
    return graph;
  }

  private static int size(Value v) {
    return Math.toIntExact(v.shape().elements() * (v.shape().batched() ? WINDOWS : 1));
  }
}
