package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.GraphBuilder;
import dev.lookaside.classifier.graph.Ops;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import dev.lookaside.classifier.weights.FloatTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GraphRunTest {
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 1);

  /** {@code y = (x + w) * w + (x + w)}, rows of two. */
  private static Graph graph() {
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Shape.perWindow(1, 2));
    Value w = g.weight("w", FloatTensor.of(new int[] {2}, new float[] {1, 2}));
    Value sum = g.apply("sum", new Ops.Add(), x, w);
    Value product = g.apply("product", new Ops.Mul(), sum, w);
    g.output(g.apply("y", new Ops.Add(), product, sum));
    return g.build();
  }

  private static float[] run(GraphRun run, int windows, float... x) {
    run.buffer("x", windows).put(0, x);
    run.run(windows);
    return output(run, "y", windows);
  }

  private static float[] output(GraphRun run, String name, int windows) {
    float[] y = new float[run.buffer(name, windows).capacity()];
    run.buffer(name, windows).get(0, y);
    return y;
  }

  @Test
  void anyNumberOfWindowsRunsInTheSameSession() {
    try (GraphRun run = GraphRun.open(graph(), CPU)) {
      assertThat(run(run, 1, 3, 4)).containsExactly(8, 18);
      assertThat(run(run, 3, 0, 0, 1, 1, 2, 2)).containsExactly(2, 6, 4, 9, 6, 12);
      assertThat(run(run, 2, 3, 4, 0, 0)).containsExactly(8, 18, 2, 6);
      assertThat(run.deviceDescription()).isEqualTo("cpu, 1 threads (device cpu is configured)");
      assertThatThrownBy(() -> run.buffer("z", 1)).hasMessageContaining("\"z\": is no input");
      assertThatThrownBy(() -> run.buffer("x", 0)).hasMessageContaining("windows 0");
    }
  }

  @Test
  void aWeightCanBecomeAnInput() {
    assertThatThrownBy(() -> graph().withInputs(Set.of("v"))).hasMessageContaining("weights [v]");
    try (GraphRun run = GraphRun.open(graph().withInputs(Set.of("w")), CPU)) {
      run.buffer("w", 1).put(0, new float[] {0, -1});
      assertThat(run(run, 1, 3, 4)).containsExactly(3, 0);
    }
  }

  @Test
  void aGraphCutInTwoGivesTheSame() {
    Graph whole = graph();
    Value cut = whole.nodes().get(0).output();
    Graph after = whole.after(cut);
    assertThat(after.nodes()).hasSize(3);
    assertThat(after.inputs()).extracting(Value::name).containsExactly("sum.given");
    try (GraphRun first = GraphRun.open(whole.until(cut), CPU);
        GraphRun second = GraphRun.open(after, CPU)) {
      first.buffer("x", 2).put(0, new float[] {3, 4, 0, 0});
      first.run(2);
      second.buffer("sum.given", 2).put(0, output(first, "sum", 2));
      second.run(2);
      assertThat(output(second, "y", 2)).containsExactly(8, 18, 2, 6);
    }
    assertThatThrownBy(() -> whole.until(cut).after(whole.outputs().get(0)))
        .hasMessageContaining("no output depends on y");
  }

  @Test
  void aBuilderGoesOnAfterAFinishedGraph() {
    Graph whole = graph();
    GraphBuilder more = GraphBuilder.continuing(whole);
    more.output(more.apply("twice", new Ops.Add(), whole.outputs().get(0), whole.outputs().get(0)));
    assertThat(more.build().outputs()).hasSize(2);
    try (GraphRun run = GraphRun.open(more.build(), CPU)) {
      assertThat(run(run, 1, 3, 4)).containsExactly(8, 18);
      assertThat(output(run, "twice", 1)).containsExactly(16, 36);
    }
  }

  @Test
  void piecesRunAtTheSameTimeOverTheSameInputs() {
    ScorerSettings three = new ScorerSettings(Device.CPU, 3, 1);
    try (GraphRun run = GraphRun.open(graph().withInputs(Set.of("w")), three)) {
      assertThat(run.lanes()).isEqualTo(3);
      run.buffer("w", 1).put(0, new float[] {1, 2});
      for (int maxLanes : new int[] {1, 2, 3, 9}) {
        for (boolean share : new boolean[] {false, true}) {
          Set<GraphRun.Lane> lanes = ConcurrentHashMap.newKeySet();
          List<Float> results = new ArrayList<>();
          run.pieces(
              40,
              maxLanes,
              share,
              (lane, number) -> {
                lanes.add(lane);
                lane.buffer("x", 1).put(0, new float[] {number, 0});
                lane.run(1);
              },
              (lane, number) -> results.add(lane.buffer("y", 1).get(0)));
          assertThat(lanes).hasSizeBetween(1, Math.min(3, maxLanes));
          assertThat(results)
              .containsExactlyElementsOf(
                  IntStream.range(0, 40).mapToObj(i -> 2f * (i + 1)).toList());
        }
      }
    }
  }
}
