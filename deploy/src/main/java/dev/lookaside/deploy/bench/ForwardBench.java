package dev.lookaside.deploy.bench;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.featurizer.FrontEnd;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Windows per second of the forward pass, and what the adapters add to it. */
final class ForwardBench {
  private static final int[] BATCHES = {1, 4, 8};
  static final int WINDOW_FRAMES = 1024;
  private static final int RANK = 36;
  private static final List<String> LABELS =
      List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");

  private ForwardBench() {}

  static void forward(Report report) {
    report.part("forward", "Forward pass, all cores");
    try (BundledModel model = BundledModel.open()) {
      Backbone backbone = Backbone.load(model.backbone());
      batches(report, "demo", "demo model", backbone, Adapter.load(model.adapter()), 3, 15);
    }
    try (TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      Backbone backbone = base(folder);
      batches(
          report, "vitB16", "ViT-B/16, 512 + 2 tokens", backbone, adapter(backbone, false), 1, 4);
    }
  }

  static void adapterCost(Report report) {
    report.part("adapterCost", "LoAA, r = " + RANK + " at both sites, over no adapter, batch 1");
    try (BundledModel model = BundledModel.open()) {
      cost(
          report,
          "demo",
          "demo model's backbone, 64 + 2 tokens",
          Backbone.load(model.backbone()),
          128,
          5,
          61);
    }
    try (TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      cost(report, "vitB16", "ViT-B/16, 512 + 2 tokens", base(folder), WINDOW_FRAMES, 2, 15);
    }
  }

  private static void batches(
      Report report,
      String key,
      String name,
      Backbone backbone,
      Adapter adapter,
      int warmUps,
      int rounds) {
    try (Scorer scorer = open(backbone, adapter)) {
      report.text(key + "Device", name, scorer.deviceDescription());
      Turns turns = new Turns();
      for (int batch : BATCHES) {
        float[] x = input(adapter, batch);
        turns.add("batch " + batch, () -> scorer.logits(x, batch));
      }
      turns.run(warmUps, rounds);
      for (int batch : BATCHES) {
        report.figure(
            key + "Batch" + batch + "WindowsPerSecond",
            name + ", batch " + batch,
            batch / turns.minimum("batch " + batch),
            "windows/s (median " + Report.plain(batch / turns.median("batch " + batch)) + ")");
      }
    }
  }

  private static void cost(
      Report report,
      String key,
      String name,
      Backbone backbone,
      int windowFrames,
      int warmUps,
      int rounds) {
    Adapter with = adapter(backbone, windowFrames, true);
    Adapter without = adapter(backbone, windowFrames, false);
    float[] x = input(with, 1);
    try (Scorer a = open(backbone, with);
        Scorer b = open(backbone, without)) {
      Turns turns =
          new Turns()
              .add("with", () -> a.logits(x, 1))
              .add("without", () -> b.logits(x, 1))
              .run(warmUps, rounds);
      report.figure(key + "WithoutMillis", name + ", none", 1000 * turns.minimum("without"), "ms");
      report.figure(key + "WithMillis", name + ", LoAA", 1000 * turns.minimum("with"), "ms");
      report.figure(
          key + "MorePercent",
          name + ", more",
          100 * (turns.minimumRatio("with", "without") - 1),
          "% (median of the rounds "
              + Report.plain(100 * (turns.medianRatio("with", "without") - 1))
              + " %)");
    }
  }

  static Backbone base(TemporaryFolder folder) {
    Path file = folder.path().resolve("base.safetensors");
    RandomBackbone.write(file, RandomBackbone.Like.DEIT_BASE, 1, false);
    return Backbone.load(file);
  }

  private static Adapter adapter(Backbone backbone, boolean loaa) {
    return adapter(backbone, WINDOW_FRAMES, loaa);
  }

  /** LoAA at both sites of every block, or the head alone. */
  static Adapter adapter(Backbone backbone, int windowFrames, boolean loaa) {
    return adapter(backbone, windowFrames, loaa, 1);
  }

  static Adapter adapter(Backbone backbone, int windowFrames, boolean loaa, long seed) {
    AdapterFactory.Meaning meaning =
        new AdapterFactory.Meaning(
            LABELS, Activation.SIGMOID, HeadKind.CLIP, FrontEnd.AST_FBANK, windowFrames, -5, 4.5f);
    return AdapterFactory.random(
        backbone.spec(),
        meaning,
        loaa ? Optional.of(new Bottleneck(Kernel.TIME, RANK)) : Optional.empty(),
        loaa ? Optional.of(new Bottleneck(Kernel.FREQUENCY, RANK)) : Optional.empty(),
        seed);
  }

  private static Scorer open(Backbone backbone, Adapter adapter) {
    return Scorer.open(
        backbone, adapter, new ScorerSettings(Device.AUTO, 0, BATCHES[BATCHES.length - 1]));
  }

  static float[] input(Adapter adapter, int batch) {
    Random random = new Random(1);
    float[] x = new float[batch * adapter.shape().windowFrames() * adapter.shape().mels()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }
}
