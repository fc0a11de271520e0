package dev.lookaside.trainer.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.Value;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.GraphRun;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.ingest.SeededRandom;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GradientRunTest {
  @TempDir Path folder;

  @Test
  void everyTensorOfModelAndAdapterHasTheGradientOfFiniteDifferences() {
    TinyModel model = TinyModel.of(folder, 2, HeadKind.CLIP, Activation.SOFTMAX);
    check(model, new Loss(Activation.SOFTMAX, 0.1));
  }

  @Test
  void columnsWithWeightsAndSigmoidDoToo() {
    TinyModel model = TinyModel.of(folder, 1, HeadKind.COLUMNS, Activation.SIGMOID);
    check(model, new Loss(Activation.SIGMOID, 0.05));
  }

  /** Every frame and mel lies in two patches, or four. */
  @Test
  void patchesThatOverlapDoToo() {
    check(TinyModel.overlapping(folder), new Loss(Activation.SOFTMAX, 0));
  }

  private static void check(TinyModel model, Loss loss) {
    SeededRandom.forAll(
        GradientRunTest.class,
        1,
        random -> {
          float[] x = model.windows(random);
          float[] targets = model.targets(random);
          float[] weights = model.ones();
          weights[1] = 0.3f;
          weights[weights.length - 1] = weights.length > 2 ? 0 : 0.3f;
          Map<String, float[]> tensors = model.tensors();
          try (GradientRun run = model.open(tensors.keySet(), loss, 1)) {
            Gradients.Step step = run.step(tensors, x, targets, weights, TinyModel.BATCH);
            SlowModel slow = new SlowModel(model, loss, x, targets, weights);
            assertThat(step.loss()).isCloseTo(slow.loss(Map.of()), within(1e-6));
            assertThat(step.gradients().keySet()).isEqualTo(tensors.keySet());
            step.gradients().forEach((name, g) -> slow.check(random, name, g));
          }
        });
  }

  @Test
  void whatIsBelowTheFirstTrainedTensorGetsNoNodes() {
    TinyModel model = TinyModel.of(folder, 3, HeadKind.CLIP, Activation.SOFTMAX);
    Set<String> head = names(model, "head.");
    Set<String> last = names(model, "head.", "blocks.2.");
    Set<String> all = names(model, "head.", "blocks.");
    assertThat(graph(model, all).prefix()).isEmpty();
    assertThat(differentiated(graph(model, all))).contains("blocks.0.attn.loaa.narrow");
    assertThat(differentiated(graph(model, all)))
        .noneMatch(n -> n.matches("(stem|tokens|blocks.0.norm1).*"));
    GradientGraph cut = graph(model, last);
    assertThat(cut.prefix()).isPresent();
    assertThat(cut.graph().nodes())
        .noneMatch(n -> n.output().name().matches(".*blocks.[01]\\.(attn|mlp.fc).*"));
    assertThat(differentiated(cut)).noneMatch(n -> n.startsWith("blocks.2.norm1"));
    GradientGraph probe = graph(model, head);
    assertThat(differentiated(probe)).allMatch(n -> n.matches("(logits|head\\.).*"));
    assertThat(probe.graph().nodes().size()).isLessThan(cut.graph().nodes().size()).isLessThan(40);
    Set<String> mlp = new TreeSet<>(all);
    mlp.removeIf(n -> n.contains(".attn."));
    assertThat(differentiated(graph(model, mlp)))
        .noneMatch(n -> n.startsWith("blocks.0.attn") || n.startsWith("blocks.0.norm2"));
  }

  /** Values of the forward part that have gradient nodes. */
  private static Set<String> differentiated(GradientGraph graph) {
    return graph.graph().nodes().stream()
        .map(n -> n.output().name())
        .filter(n -> n.startsWith("d."))
        .map(n -> n.replaceAll("^d\\.|\\.\\d+$", ""))
        .collect(Collectors.toSet());
  }

  private static GradientGraph graph(TinyModel model, Set<String> trained) {
    return GradientGraph.of(
        model.spec(), model.backbone(), Activation.SOFTMAX, trained, Long.MAX_VALUE);
  }

  private static Set<String> names(TinyModel model, String... starts) {
    return model.adapter().tensors().keySet().stream()
        .filter(n -> Arrays.stream(starts).anyMatch(n::startsWith))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void theServingGraphHoldsNothingOfIt() {
    TinyModel model = TinyModel.of(folder, 2, HeadKind.CLIP, Activation.SOFTMAX);
    Graph serving = VitLoaa.build(model.spec(), model.backbone());
    assertThat(serving.nodes()).allMatch(n -> Rules.has(n.op().getClass()));
    assertThat(serving.outputs()).hasSize(1);
    GradientGraph trained = graph(model, names(model, "head.", "blocks."));
    assertThat(trained.graph().nodes().subList(0, serving.nodes().size()))
        .usingElementComparator(
            Comparator.comparing(n -> n.op().onnxName() + n.inputs() + n.output()))
        .isEqualTo(serving.nodes());
  }

  @Test
  void keptEntriesGiveTheGradientsOfTheWholeModel() {
    TinyModel model = TinyModel.of(folder, 3, HeadKind.CLIP, Activation.SIGMOID);
    RandomGenerator random = SeededRandom.of(7);
    float[] x = model.windows(random);
    float[] targets = model.targets(random);
    Map<String, float[]> tensors = model.tensors();
    Loss loss = Loss.of(Activation.SIGMOID);
    try (GradientRun whole = model.open(names(model, "head.", "blocks."), loss, 1)) {
      Gradients.Step expected = whole.step(tensors, x, targets, model.ones(), 2);
      assertThat(whole.entries(x, 2)).isSameAs(x);
      for (String[] starts : new String[][] {{"head."}, {"blocks.2.", "head."}, {"blocks.1."}}) {
        try (GradientRun part = model.open(names(model, starts), loss, 1)) {
          float[] kept = part.entries(x, 2);
          assertThat(kept).hasSize(2 * part.entryFloats());
          Gradients.Step found = part.stepFrom(tensors, kept, targets, model.ones(), 2);
          assertThat(found.logits()).containsExactly(expected.logits());
          found
              .gradients()
              .forEach(
                  (name, g) ->
                      FiniteDifferences.near(
                          SlowGraph.doubles(g),
                          SlowGraph.doubles(expected.gradients().get(name)),
                          1e-6,
                          name));
        }
      }
    }
  }

  @Test
  void blocksComputedAgainGiveTheSameGradients() {
    for (HeadKind head : HeadKind.values()) {
      TinyModel model = TinyModel.of(folder, 4, head, Activation.SIGMOID);
      RandomGenerator random = SeededRandom.of(11);
      float[] x = model.windows(random);
      float[] targets = model.targets(random);
      Map<String, float[]> tensors = model.tensors();
      Loss loss = Loss.of(Activation.SIGMOID);
      Set<String> later = names(model, "head.", "blocks.1.", "blocks.3.");
      for (Set<String> trained : List.of(tensors.keySet(), names(model, "blocks."), later)) {
        try (GradientRun kept = model.open(trained, loss, 1);
            GradientRun again = model.open(trained, loss, 1, 1)) {
          assertThat(kept.recomputes()).isFalse();
          assertThat(again.recomputes()).isTrue();
          assertThat(again.keptBytesPerWindow()).isLessThan(kept.keptBytesPerWindow() / 2);
          Gradients.Step expected = kept.step(tensors, x, targets, model.ones(), 2);
          Gradients.Step found = again.step(tensors, x, targets, model.ones(), 2);
          assertThat(found.logits()).containsExactly(expected.logits());
          expected
              .gradients()
              .forEach(
                  (name, g) ->
                      FiniteDifferences.near(
                          SlowGraph.doubles(found.gradients().get(name)),
                          SlowGraph.doubles(g),
                          2e-6,
                          name));
        }
      }
    }
  }

  @Test
  void aBatchTooLargeForOneRunIsTheMeanOfItsWindows() {
    TinyModel model = TinyModel.of(folder, 1, HeadKind.CLIP, Activation.SOFTMAX);
    Map<String, float[]> tensors = model.tensors();
    RandomGenerator random = SeededRandom.of(9);
    float[] x = model.windows(random);
    float[] targets = model.targets(random);
    int copies = 70;
    float[] many = new float[copies * x.length];
    float[] manyTargets = new float[copies * targets.length];
    float[] ones = new float[copies * 2];
    Arrays.fill(ones, 1);
    for (int i = 0; i < copies; i++) {
      System.arraycopy(x, 0, many, i * x.length, x.length);
      System.arraycopy(targets, 0, manyTargets, i * targets.length, targets.length);
    }
    Set<String> trained = names(model, "head.", "blocks.");
    try (GradientRun run = model.open(trained, Loss.of(Activation.SOFTMAX), 1)) {
      Gradients.Step two = run.step(tensors, x, targets, model.ones(), 2);
      Gradients.Step all = run.step(tensors, many, manyTargets, ones, 2 * copies);
      assertThat(all.loss()).isCloseTo(two.loss(), within(1e-9));
      assertThat(Arrays.copyOfRange(all.logits(), all.logits().length - 6, all.logits().length))
          .containsExactly(two.logits());
      all.gradients()
          .forEach(
              (name, g) ->
                  FiniteDifferences.near(
                      SlowGraph.doubles(g),
                      SlowGraph.doubles(two.gradients().get(name)),
                      3e-6,
                      name));
    }
  }

  @Test
  void sameInputsGiveTheSameBytesWithAnyNumberOfThreads() {
    TinyModel model = TinyModel.of(folder, 2, HeadKind.CLIP, Activation.SOFTMAX);
    Map<String, float[]> tensors = model.tensors();
    RandomGenerator random = SeededRandom.of(8);
    float[] x = model.windows(random);
    float[] targets = model.targets(random);
    Loss loss = Loss.of(Activation.SOFTMAX);
    try (GradientRun one = model.open(tensors.keySet(), loss, 1);
        GradientRun two = model.open(tensors.keySet(), loss, 2)) {
      Gradients.Step first = one.step(tensors, x, targets, model.ones(), 2);
      for (GradientRun run : new GradientRun[] {one, two}) {
        Gradients.Step again = run.step(tensors, x, targets, model.ones(), 2);
        assertThat(again.loss()).isEqualTo(first.loss());
        again
            .gradients()
            .forEach((n, g) -> assertThat(g).as(n).containsExactly(first.gradients().get(n)));
      }
    }
  }

  @Test
  void partsOnAnyNumberOfLanesGiveTheSameBytes() {
    TinyModel model = TinyModel.wide(folder);
    Map<String, float[]> tensors = model.tensors();
    RandomGenerator random = SeededRandom.of(12);
    int batch = 45;
    int rows = batch * model.adapter().columns();
    float[] x = new float[batch * model.adapter().windowFrames() * 128];
    float[] targets = new float[rows * TinyModel.CLASSES];
    float[] ones = new float[rows];
    Arrays.fill(ones, 1);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    for (int i = 0; i < targets.length; i++) {
      targets[i] = random.nextFloat();
    }
    Loss loss = Loss.of(Activation.SIGMOID);
    Set<String> last = names(model, "head.", "blocks.1.");
    for (Set<String> trained : List.of(tensors.keySet(), last)) {
      try (GradientRun one = model.open(trained, loss, 1);
          GradientRun two = model.open(trained, loss, 2);
          GradientRun five = model.open(trained, loss, 5)) {
        Gradients.Step expected = one.step(tensors, x, targets, ones, batch);
        for (GradientRun run : List.of(one, two, five, five)) {
          Gradients.Step found = run.step(tensors, x, targets, ones, batch);
          assertThat(found.loss()).isEqualTo(expected.loss());
          assertThat(found.logits()).containsExactly(expected.logits());
          found
              .gradients()
              .forEach((n, g) -> assertThat(g).as(n).containsExactly(expected.gradients().get(n)));
        }
      }
    }
  }

  @Test
  void aRunSharedByThreadsGivesTheBytesOfOneThread() {
    TinyModel model = TinyModel.wide(folder);
    Graph graph = graph(model, model.tensors().keySet()).graph();
    int windows = 9;
    try (GraphRun one = GraphRun.open(graph, new ScorerSettings(Device.CPU, 1, 1));
        GraphRun four = GraphRun.open(graph, new ScorerSettings(Device.CPU, 4, 1))) {
      for (GraphRun run : List.of(one, four)) {
        RandomGenerator random = SeededRandom.of(13);
        for (Value input : graph.inputs()) {
          FloatBuffer buffer = run.buffer(input.name(), windows);
          for (int i = 0; i < buffer.capacity(); i++) {
            buffer.put(i, (float) random.nextGaussian());
          }
        }
        run.run(windows);
      }
      for (Value output : graph.outputs()) {
        FloatBuffer expected = one.buffer(output.name(), windows);
        float[] numbers = new float[expected.capacity()];
        expected.get(0, numbers);
        float[] found = new float[numbers.length];
        four.buffer(output.name(), windows).get(0, found);
        assertThat(found).as(output.name()).containsExactly(numbers);
      }
    }
  }

  @Test
  void whatCannotBeTrainedOrGivenIsRefused() {
    TinyModel model = TinyModel.of(folder, 1, HeadKind.CLIP, Activation.SOFTMAX);
    Loss loss = Loss.of(Activation.SOFTMAX);
    assertThatThrownBy(() -> model.open(Set.of(), loss, 1)).hasMessageContaining("no tensor");
    assertThatThrownBy(() -> model.open(Set.of("head.fc.wait"), loss, 1))
        .hasMessageContaining("[head.fc.wait]: not in the model");
    Map<String, float[]> tensors = model.tensors();
    float[] x = new float[2 * 32 * 128];
    float[] targets = new float[6];
    float[] ones = {1, 1};
    try (GradientRun run = model.open(Set.of("head.fc.bias"), loss, 1)) {
      assertThatThrownBy(() -> run.step(tensors, x, targets, ones, 1))
          .hasMessageContaining("windows of 8192 values: must be 1 windows of 4096");
      assertThatThrownBy(() -> run.step(tensors, x, new float[5], ones, 2))
          .hasMessageContaining("targets of 5 values: must be 2 windows of 3");
      assertThatThrownBy(() -> run.step(tensors, x, targets, new float[2], 2))
          .hasMessageContaining("target weights of 2 rows: must not be all 0");
      assertThatThrownBy(() -> run.step(tensors, x, targets, new float[] {1, -1}, 2))
          .hasMessageContaining("target weight -1.0: must be at least 0");
      assertThatThrownBy(() -> run.step(Map.of(), x, targets, ones, 2))
          .hasMessageContaining("\"head.fc.bias\": needs 3 values, is missing");
      Map<String, float[]> wrong = Map.of("head.fc.bias", new float[4]);
      assertThatThrownBy(() -> run.step(wrong, x, targets, ones, 2))
          .hasMessageContaining("needs 3 values, has 4");
    }
    assertThatThrownBy(() -> new Loss(Activation.SOFTMAX, 1)).hasMessageContaining("smoothing 1.0");
  }
}
