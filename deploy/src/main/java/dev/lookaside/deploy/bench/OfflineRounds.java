package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.featurizer.FeaturizerSettings;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.fit.CheckpointFile;
import dev.lookaside.trainer.fit.FitProgress;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateSettings;
import dev.lookaside.trainer.head.EmbeddingCache;
import dev.lookaside.trainer.refit.Refit;
import dev.lookaside.trainer.refit.RefitTools;
import dev.lookaside.trainer.store.StoredExample;
import java.nio.file.Path;
import java.util.List;

/**
 * Rounds as the trainer does them, on given examples: without topics, and nothing is published. For
 * measuring what the gate does. On the CPU, so that the same examples give the same report. For one
 * thread.
 */
final class OfflineRounds implements AutoCloseable {
  private static final long CACHE_BYTES = 256L << 20;
  private static final int BATCH = 16;

  private static final FitProgress UNSEEN =
      new FitProgress() {
        @Override
        public void begun(long stepsDone) {}

        @Override
        public void stepped(Step step) {}
      };

  private final RefitTools tools;
  private final Adapter incumbent;
  private final Path folder;
  private final EmbeddingCache cache;

  /** A round's candidate and what the gate found. */
  record Judged(Adapter candidate, GateReport report) {}

  /**
   * Rounds that begin from one adapter.
   *
   * @param config the whole configuration
   * @param backbone and {@code incumbent}: stay the caller's
   * @param folder for checkpoints
   */
  OfflineRounds(Config config, Backbone backbone, Adapter incumbent, Path folder) {
    this.tools =
        new RefitTools(
            backbone,
            FeaturizerSettings.of(config)
                .spec(incumbent.frontEnd(), incumbent.windowFrames())
                .hopFrames(),
            DetectSettings.of(config),
            new ScorerSettings(Device.CPU, 0, BATCH),
            RefitSettings.of(config),
            GateSettings.of(config),
            RefitTools.audioCache());
    this.incumbent = incumbent;
    this.folder = folder;
    this.cache = new EmbeddingCache(backbone, tools.where(), CACHE_BYTES);
  }

  /**
   * Fits a candidate and lets the gate judge it.
   *
   * @param examples all that a round chooses from, of both splits
   * @throws dev.lookaside.trainer.TrainerException if a class of the incumbent has no example to
   *     fit on
   */
  Judged judged(List<StoredExample> examples, Round.Kind kind) {
    RoundPlan plan =
        RoundPlan.choose(
            examples, incumbent.digest(), incumbent.labels(), tools.settings(), e -> false);
    Refit round =
        new Refit(
            tools,
            new Round(1, kind, "labels", null, false, plan.corrections().size(), 0),
            plan,
            new RoundSounds(examples, incumbent.frontEnd(), tools.settings()),
            incumbent,
            incumbent,
            cache);
    CheckpointFile checkpoint = new CheckpointFile(folder.resolve("checkpoint"));
    // What another round has left is none of this one's.
    checkpoint.delete();
    Adapter candidate = round.fit(checkpoint, UNSEEN);
    return new Judged(candidate, round.judge(candidate));
  }

  @Override
  public void close() {
    cache.close();
  }
}
