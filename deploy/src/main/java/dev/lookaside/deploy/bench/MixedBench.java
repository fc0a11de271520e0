package dev.lookaside.deploy.bench;

import dev.lookaside.classifier.infer.AdapterScorer.AdaptedWindow;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.infer.MixedScorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.audio.Pcm;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** What a batch costs in which every window has another adapter. */
final class MixedBench {
  private static final int WINDOWS = 8;

  private MixedBench() {}

  static void run(Report report) {
    report.part(
        "adapterMix",
        "%d windows over %d adapters of one architecture (LoAA, r = 36 at both sites), all cores"
            .formatted(WINDOWS, WINDOWS));
    try (BundledModel model = BundledModel.open()) {
      mix(report, "demo", "demo model", Backbone.load(model.backbone()), 128, 5, 61);
    }
    try (TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      mix(
          report,
          "vitB16",
          "ViT-B/16, 512 + 2 tokens",
          ForwardBench.base(folder),
          ForwardBench.WINDOW_FRAMES,
          1,
          4);
    }
  }

  private static void mix(
      Report report,
      String key,
      String name,
      Backbone backbone,
      int windowFrames,
      int warmUps,
      int rounds) {
    List<LoadedAdapter> adapters = new ArrayList<>();
    for (int i = 0; i < WINDOWS; i++) {
      adapters.add(LoadedAdapter.of(ForwardBench.adapter(backbone, windowFrames, true, i)));
    }
    List<AdaptedWindow> one = new ArrayList<>();
    List<AdaptedWindow> eight = new ArrayList<>();
    for (MelWindow window : windows(windowFrames)) {
      one.add(new AdaptedWindow(window, adapters.get(0)));
      eight.add(new AdaptedWindow(window, adapters.get(eight.size())));
    }
    try (BackboneSessions sessions =
            new BackboneSessions(backbone, new ScorerSettings(Device.AUTO, 0, WINDOWS), 1);
        MixedScorer scorer = new MixedScorer(sessions, adapters.get(0))) {
      Turns turns =
          new Turns()
              .add("one", () -> scorer.score(one))
              .add("eight", () -> scorer.score(eight))
              .run(warmUps, rounds);
      report.figure(key + "OneMillis", name + ", one adapter", 1000 * turns.minimum("one"), "ms");
      report.figure(
          key + "EightMillis", name + ", eight adapters", 1000 * turns.minimum("eight"), "ms");
      report.figure(
          key + "EightOverOne",
          name + ", eight over one",
          turns.minimumRatio("eight", "one"),
          "times (median of the rounds %.2f)".formatted(turns.medianRatio("eight", "one")));
    }
  }

  /** {@value #WINDOWS} windows of noise, next to each other. */
  private static List<MelWindow> windows(int frames) {
    Random random = new Random(1);
    float[] noise = new float[400 + 160 * (WINDOWS * frames - 1)];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) random.nextGaussian() / 10;
    }
    return ClipWindows.of(
        new Pcm(16_000, noise), new FeatureSpec(FrontEnd.AST_FBANK, frames, frames));
  }
}
