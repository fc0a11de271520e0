package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.ClassifierSettings;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Configuration;
import java.util.Map;

/** The whole pipeline through Kafka: its share of the bare forward pass, many streams, memory. */
final class PipelineBench {
  private static final int STREAMS = 16;

  /** Of audio per stream: for the first half of it the JVM still compiles on the same cores. */
  private static final int SECONDS = 360;

  private static final int MANY = 1000;
  private static final int RATE_HZ = 16_000;
  private static final int WINDOW_FRAMES = 128;
  private static final String HOP = "lookaside.featurizer.hop-frames";

  private PipelineBench() {}

  static void share(Report report) {
    report.part(
        "pipeline",
        "Whole pipeline through an embedded Kafka in this process, demo model, "
            + STREAMS
            + " streams");
    double before = bare();
    double pipeline;
    try (Rig rig = Rig.start(Map.of())) {
      int samples = SECONDS * RATE_HZ;
      rig.send(STREAMS, samples, RATE_HZ / 2, true);
      // 16 frames of 10 ms from window to window; the last window is padded.
      long windows = STREAMS * (1L + -Math.floorDiv(-(frames(samples) - WINDOW_FRAMES), 16));
      rig.awaitScored(windows, () -> {});
      pipeline = rig.windowsPerSecond(0.6, 0.97);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    double bare = Math.max(before, bare());
    report.figure("bareWindowsPerSecond", "forward pass alone, same batches", bare, "windows/s");
    report.figure("pipelineWindowsPerSecond", "pipeline, hop 16 frames", pipeline, "windows/s");
    report.figure("sharePercent", "share", 100 * pipeline / bare, "% of the forward pass alone");
    report.figure("realTimeFactor", "audio processed", pipeline * 0.16, "s per s");
  }

  static void memory(Report report) {
    report.part("memory", MANY + " streams, demo model, hop = window");
    try (Rig rig = Rig.start(Map.of(HOP, "window"))) {
      double base = ResidentMemory.usedHeapMiB();
      int samples = samples(6 * WINDOW_FRAMES);
      long windows = (long) MANY * 6;
      double[] most = {0};
      Thread sender = new Thread(() -> rig.send(MANY, samples, RATE_HZ, false), "bench-sender");
      sender.start();
      long[] next = {System.nanoTime()};
      rig.awaitScored(
          windows,
          () -> {
            if (System.nanoTime() > next[0] && rig.scored() > windows / 4) {
              most[0] = Math.max(most[0], ResidentMemory.usedHeapMiB());
              next[0] = System.nanoTime() + 3_000_000_000L;
            }
          });
      sender.join();
      double rate = rig.windowsPerSecond(0.1, 0.95);
      report.figure("windowsPerSecond", "scored", rate, "windows/s");
      report.figure("windowsShed", "shed", rig.unscored(), "of " + windows + " windows");
      report.figure(
          "realTimeFactor",
          "audio processed",
          rate * WINDOW_FRAMES / 100,
          "s per s: so many streams in real time");
      report.figure(
          "activeKiBPerStream",
          "heap per active stream",
          1024 * Math.max(0, most[0] - base) / MANY,
          "KiB (with the chunks under way)");
      report.figure(
          "idleKiBPerStream",
          "heap per idle stream",
          1024 * Math.max(0, ResidentMemory.usedHeapMiB() - base) / MANY,
          "KiB");
      report.figure(
          "baseMiB", "heap before the first stream", base, "MiB, broker and model included");
      report.figure(
          "residentMiB",
          "resident memory of the process",
          Machine.residentMiB(),
          "MiB, broker included");
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Windows per second of the scorer alone, with the batches and threads the pipeline uses. */
  private static double bare() {
    try (BundledModel model = BundledModel.open()) {
      Config config = Configuration.over(Map.of());
      ClassifierSettings settings = ClassifierSettings.of(config);
      int batch = settings.batch().maxBatch();
      Adapter adapter = Adapter.load(model.adapter());
      float[] x = new float[batch * adapter.shape().windowFrames() * adapter.shape().mels()];
      for (int i = 0; i < x.length; i++) {
        x[i] = i % 101 / 50f - 1;
      }
      try (Scorer scorer =
          Scorer.open(Backbone.load(model.backbone()), adapter, settings.scorer())) {
        Turns turns = new Turns().add("forward", () -> scorer.logits(x, batch)).run(5, 60);
        return batch / turns.median("forward");
      }
    }
  }

  private static long frames(long samples) {
    return 1 + (samples - 400) / 160;
  }

  private static int samples(int frames) {
    return 400 + (frames - 1) * 160;
  }

  private static DeployException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new DeployException("benchmark: interrupted", e);
  }
}
