package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/** A model of a few channels, small enough for {@link SlowGraph}. */
record TinyModel(Backbone backbone, Adapter adapter) {
  static final int BATCH = 2;
  static final int CLASSES = 3;

  static TinyModel of(Path folder, int depth, HeadKind head, Activation activation) {
    return of(folder, new ViTSpec(8, depth, 2, 12, 2, 8, 2, 1e-6f), head, activation, 16);
  }

  /** Patches of 16 every 10 frames and mels, as AST's: 12 x 2 of them. */
  static TinyModel overlapping(Path folder) {
    ViTSpec vit = new ViTSpec(8, 1, 2, 12, 2, 12, 2, 1e-6f);
    return of(folder, vit, HeadKind.CLIP, Activation.SOFTMAX, 10);
  }

  /** Wide enough that ONNX Runtime shares its operations among threads. */
  static TinyModel wide(Path folder) {
    ViTSpec vit = new ViTSpec(128, 2, 2, 256, 2, 8, 2, 1e-6f);
    return of(folder, vit, HeadKind.COLUMNS, Activation.SIGMOID, 16);
  }

  private static TinyModel of(
      Path folder, ViTSpec vit, HeadKind head, Activation activation, int stride) {
    Path file = folder.resolve("backbone.safetensors");
    SafetensorsWriter.write(
        file,
        RandomBackbone.tensors(vit, 1, 0, 5),
        Map.of("heads", "2", "grid", vit.gridRows() + "x" + vit.gridColumns()));
    AdapterFactory.Meaning meaning =
        new AdapterFactory.Meaning(
            List.of("a", "b", "c"), activation, head, FrontEnd.AST_FBANK, 32, -4, 4, stride);
    Adapter adapter =
        AdapterFactory.random(
            vit,
            meaning,
            Optional.of(new Bottleneck(Kernel.TIME, 3)),
            Optional.of(new Bottleneck(Kernel.BOTH, 2)),
            6);
    return new TinyModel(Backbone.load(file), adapter);
  }

  ModelSpec spec() {
    return new ModelSpec(backbone.spec(), adapter.shape(), false);
  }

  GradientRun open(Set<String> trained, Loss loss, int threads) {
    return open(trained, loss, threads, GradientRun.KEPT_LIMIT_BYTES);
  }

  GradientRun open(Set<String> trained, Loss loss, int threads, long keptLimitBytes) {
    return GradientRun.open(
        backbone,
        adapter,
        trained,
        loss,
        new ScorerSettings(Device.CPU, threads, 1),
        keptLimitBytes);
  }

  /** Every tensor of adapter and backbone, as files have them. */
  Map<String, float[]> tensors() {
    Map<String, float[]> all = new TreeMap<>();
    backbone.tensors().forEach((name, t) -> all.put(name, t.toArray()));
    adapter.tensors().forEach((name, t) -> all.put(name, t.toArray()));
    return all;
  }

  int rows() {
    return BATCH * adapter.columns();
  }

  float[] windows(RandomGenerator random) {
    float[] x = new float[BATCH * adapter.windowFrames() * adapter.shape().mels()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** Targets between 0 and 1, soft. */
  float[] targets(RandomGenerator random) {
    float[] targets = new float[rows() * CLASSES];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = random.nextFloat();
    }
    return targets;
  }

  float[] ones() {
    float[] ones = new float[rows()];
    Arrays.fill(ones, 1);
    return ones;
  }
}
