package dev.lookaside.deploy.bench;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.trainer.gradient.GradientRun;
import dev.lookaside.trainer.gradient.Loss;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Time of a training step over the forward pass, its memory, and what frozen blocks save. */
final class GradientBench {
  /** A model to measure. */
  private record Model(
      String key, String name, Backbone backbone, Adapter adapter, int warmUps, int rounds) {}

  private GradientBench() {}

  static void run(Report report) {
    report.part(
        "gradient", "Loss and gradients of LoAA, r = 36 at both sites, and head, all cores");
    try (BundledModel bundled = BundledModel.open();
        TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      Backbone demo = Backbone.load(bundled.backbone());
      Model small =
          new Model("demo", "demo model", demo, ForwardBench.adapter(demo, 128, true), 5, 40);
      steps(report, small, 1, 4, 8);
      Backbone base = ForwardBench.base(folder);
      Adapter adapter = ForwardBench.adapter(base, ForwardBench.WINDOW_FRAMES, true);
      Model large = new Model("vitB16", "ViT-B/16, 512 + 2 tokens", base, adapter, 1, 5);
      steps(report, large, 1, 4);
      computedAgain(report, large);
      lastBlocks(report, large, 1, 3, 6, 12);
    }
  }

  private static void steps(Report report, Model model, int... batches) {
    try (GradientRun gradients = open(model, model.backbone().spec().depth())) {
      Machine.forgetPeak();
      for (int batch : batches) {
        step(gradients, model, batch).run();
        step(gradients, model, batch).run();
        report.figure(
            model.key() + "Batch" + batch + "PeakMiB",
            model.name() + ", batch " + batch + ", peak memory",
            Machine.peakResidentMiB(),
            "MiB of the whole process");
      }
      try (Scorer scorer =
          Scorer.open(
              model.backbone(),
              model.adapter(),
              new ScorerSettings(Device.CPU, 0, batches[batches.length - 1]))) {
        Turns turns = new Turns();
        for (int batch : batches) {
          float[] x = ForwardBench.input(model.adapter(), batch);
          turns.add("forward " + batch, () -> scorer.logits(x, batch));
          turns.add("step " + batch, step(gradients, model, batch));
        }
        turns.run(model.warmUps(), model.rounds());
        for (int batch : batches) {
          String key = model.key() + "Batch" + batch;
          String name = model.name() + ", batch " + batch;
          String step = "step " + batch;
          report.figure(key + "StepMillis", name, 1000 * turns.minimum(step), "ms");
          report.figure(
              key + "OverForward",
              name + ", over forward",
              turns.minimumRatio(step, "forward " + batch),
              "times (median of the rounds %.2f)"
                  .formatted(turns.medianRatio(step, "forward " + batch)));
        }
      }
    }
  }

  /** What it costs and saves to keep only what enters the blocks. */
  private static void computedAgain(Report report, Model model) {
    double[] peakMiB = new double[2];
    Turns turns = new Turns();
    int depth = model.backbone().spec().depth();
    // The one that needs less first: memory once taken stays with the process.
    try (GradientRun again = open(model, depth, 0)) {
      peakMiB[0] = peakMiB(step(again, model, 1));
      try (GradientRun kept = open(model, depth, GradientRun.KEPT_LIMIT_BYTES)) {
        peakMiB[1] = peakMiB(step(kept, model, 1));
        turns.add("again", step(again, model, 1)).add("kept", step(kept, model, 1));
        turns.run(model.warmUps(), model.rounds());
        report.figure(
            model.key() + "KeptMiB",
            model.name() + ", values kept",
            kept.keptBytesPerWindow() / (double) (1 << 20),
            "MiB per window, %.0f MiB with blocks computed twice"
                .formatted(again.keptBytesPerWindow() / (double) (1 << 20)));
      }
    }
    report.figure(
        model.key() + "RecomputedOverKept",
        model.name() + ", blocks computed twice",
        turns.minimumRatio("again", "kept"),
        "times a step's time");
    report.figure(
        model.key() + "RecomputedPeakMiB",
        model.name() + ", blocks computed twice, peak memory",
        peakMiB[0],
        "MiB of the whole process (both sessions: %.0f)".formatted(peakMiB[1]));
  }

  private static double peakMiB(Runnable step) {
    Machine.forgetPeak();
    step.run();
    step.run();
    return Machine.peakResidentMiB();
  }

  /** The blocks before the trained ones ran once; a step starts from what they gave. */
  private static void lastBlocks(Report report, Model model, int... counts) {
    for (int last : counts) {
      try (GradientRun gradients = open(model, last)) {
        Turns turns =
            new Turns().add("step", step(gradients, model, 1)).run(model.warmUps(), model.rounds());
        report.figure(
            model.key() + "Last" + last + "StepMillis",
            "%s, last %d blocks".formatted(model.name(), last),
            1000 * turns.minimum("step"),
            "ms, batch 1");
      }
    }
  }

  private static GradientRun open(Model model, int lastBlocks) {
    return open(model, lastBlocks, GradientRun.KEPT_LIMIT_BYTES);
  }

  private static GradientRun open(Model model, int lastBlocks, long keptLimitBytes) {
    int first = model.backbone().spec().depth() - lastBlocks;
    Set<String> trained = new TreeSet<>();
    for (String name : model.adapter().tensors().keySet()) {
      if (!name.startsWith("blocks.") || Integer.parseInt(name.split("\\.", 3)[1]) >= first) {
        trained.add(name);
      }
    }
    return GradientRun.open(
        model.backbone(),
        model.adapter(),
        trained,
        Loss.of(model.adapter().activation()),
        new ScorerSettings(Device.CPU, 0, 1),
        keptLimitBytes);
  }

  private static Runnable step(GradientRun gradients, Model model, int batch) {
    Map<String, float[]> parameters = new TreeMap<>();
    model.adapter().tensors().forEach((name, t) -> parameters.put(name, t.toArray()));
    float[] entries = gradients.entries(ForwardBench.input(model.adapter(), batch), batch);
    float[] targets = new float[batch * model.adapter().labels().size()];
    float[] weights = new float[batch];
    Arrays.fill(weights, 1);
    return () -> gradients.stepFrom(parameters, entries, targets, weights, batch);
  }
}
