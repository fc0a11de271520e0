package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.store.StoredExample;
import java.util.List;
import java.util.Map;

/**
 * Time of a refit and its evaluation, and what cached embeddings save: those of older sounds, which
 * are the same in every round, and those of labels, which a trainer embeds as they come.
 */
final class RefitBench {
  private static final int LABELS = 10;

  private RefitBench() {}

  static void run(Report report, Bench.Options options) {
    Config config = Configuration.over(Map.of());
    report.part(
        "refit",
        "Refit on %d labels of a new class and its evaluation, bundled model, no streams, seed %d"
            .formatted(LABELS, options.seed()));
    try (BundledModel files = BundledModel.open();
        TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      Adapter incumbent = Adapter.load(files.adapter());
      StoreSettings settings = StoreSettings.of(config, incumbent.frontEnd());
      try (ExampleStore store = ExampleStore.open(folder.path().resolve("store"), settings);
          OfflineRounds rounds =
              new OfflineRounds(
                  config, Backbone.load(files.backbone()), incumbent, folder.path())) {
        LabelSets sets =
            new LabelSets(store, incumbent.labels(), BundledClips.load(), options.seed());
        double none = seconds(rounds, sets, 0, Round.Kind.HEAD);
        double older = seconds(rounds, sets, 1, Round.Kind.HEAD);
        double all = seconds(rounds, sets, 1, Round.Kind.HEAD);
        report.figure("headNothingCachedSeconds", "head, nothing cached", none, "s");
        report.figure("headOlderCachedSeconds", "head, older sounds cached", older, "s");
        report.figure("headAllCachedSeconds", "head, labels cached, too", all, "s");
        report.figure("headCachedOverNot", "head, all cached over nothing cached", all / none, "");
        report.figure(
            "fullSeconds",
            "whole adapter, cached what the head needs",
            seconds(rounds, sets, 1, Round.Kind.FULL),
            "s");
      }
    }
  }

  private static double seconds(OfflineRounds rounds, LabelSets sets, int set, Round.Kind kind) {
    List<StoredExample> examples =
        sets.examples(new LabelSets.Kind(set, LABELS, true, LabelSets.Wrong.NONE));
    long begin = System.nanoTime();
    rounds.judged(examples, kind);
    return (System.nanoTime() - begin) * 1e-9;
  }
}
