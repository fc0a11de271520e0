package dev.lookaside.trainer.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.TensorPart;
import dev.lookaside.classifier.graph.TensorParts;
import dev.lookaside.classifier.graph.VitLoaa;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** The loss in double precision, from a graph that is never differentiated. */
final class SlowModel {
  private static final double STEP = 1e-4;
  private static final int PROBES = 2;

  private final TinyModel model;
  private final Loss loss;
  private final float[] targets;
  private final float[] weights;
  private final Graph graph;
  private final Map<String, double[]> inputs = new HashMap<>();

  SlowModel(TinyModel model, Loss loss, float[] x, float[] targets, float[] weights) {
    this.model = model;
    this.loss = loss;
    this.targets = targets;
    this.weights = weights;
    Graph built = VitLoaa.build(model.spec(), model.backbone());
    Set<String> open =
        built.weights().stream()
            .map(v -> v.name())
            .filter(n -> TensorParts.of(model.spec()).stream().anyMatch(p -> p.value().equals(n)))
            .collect(Collectors.toSet());
    this.graph = built.withInputs(open);
    inputs.put(VitLoaa.X, SlowGraph.doubles(x));
    graph.inputs().stream()
        .filter(v -> !v.name().equals(VitLoaa.X))
        .forEach(v -> inputs.put(v.name(), new double[(int) v.shape().elements()]));
    Map<String, float[]> tensors = model.tensors();
    tensors.forEach((name, t) -> put(inputs, name, SlowGraph.doubles(t)));
  }

  private void put(Map<String, double[]> into, String tensor, double[] values) {
    float[] numbered = new float[values.length];
    for (int i = 0; i < numbered.length; i++) {
      numbered[i] = i + 1;
    }
    for (TensorPart p : TensorParts.of(model.spec())) {
      if (p.tensor().equals(tensor)) {
        double[] value = into.get(p.value()).clone();
        into.put(p.value(), value);
        float[] sources = new float[value.length];
        p.addTo(sources, numbered);
        for (int j = 0; j < value.length; j++) {
          value[j] += sources[j] > 0 ? values[(int) sources[j] - 1] : 0;
        }
      }
    }
  }

  double loss(Map<String, double[]> changes) {
    Map<String, double[]> all = new HashMap<>(inputs);
    changes.forEach((tensor, change) -> put(all, tensor, change));
    double[] logits = SlowGraph.run(graph, all, TinyModel.BATCH).get(VitLoaa.LOGITS).data();
    return SlowLoss.of(loss, logits, targets, weights);
  }

  /** Probes some values of a tensor's gradient. */
  void check(RandomGenerator random, String name, float[] gradient) {
    double scale = 0;
    for (float g : gradient) {
      scale = Math.max(scale, Math.abs(g));
    }
    for (int probe = 0; probe < PROBES; probe++) {
      int i = random.nextInt(gradient.length);
      double[] change = new double[gradient.length];
      change[i] = STEP;
      double up = loss(Map.of(name, change));
      change[i] = -STEP;
      double down = loss(Map.of(name, change));
      assertThat((double) gradient[i])
          .as("%s[%d]", name, i)
          .isCloseTo((up - down) / (2 * STEP), within(2e-5 * scale + 1e-9));
    }
  }
}
