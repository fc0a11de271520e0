package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.BundledModel;
import dev.lookaside.deploy.Configuration;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.demo.BundledClips;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.gate.Check;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.loop.OfflineRounds;
import dev.lookaside.trainer.loop.Round;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoreSettings;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the gate does with right, half wrong and random labels: rounds of the bundled model. */
final class GateBench {
  private static final int[] LABELS = {5, 10, 20};
  private static final int[] NEW_CLASS_LABELS = {10};

  private final Report report;
  private final BenchOptions options;
  private final Round.Kind kind;
  private final LabelSets sets;
  private final OfflineRounds rounds;

  private GateBench(
      Report report, BenchOptions options, Round.Kind kind, LabelSets sets, OfflineRounds rounds) {
    this.report = report;
    this.options = options;
    this.kind = kind;
    this.sets = sets;
    this.rounds = rounds;
  }

  /** How many sets of a kind were refused, and by which rules; one may be refused by several. */
  private static final class Refused {
    private int sets;
    private int refused;
    private int heldOutSets;
    private int heldOutRefused;
    private final Map<String, Integer> rules = new TreeMap<>();

    void count(GateReport round, boolean heldOut) {
      sets++;
      heldOutSets += heldOut ? 1 : 0;
      if (!round.passed()) {
        refused++;
        heldOutRefused += heldOut ? 1 : 0;
        for (Check check : round.checks()) {
          if (check.verdict() == Check.Verdict.FAILED) {
            rules.merge(check.rule(), 1, Integer::sum);
          }
        }
      }
    }

    /** By what, for people. */
    String said() {
      return rules.isEmpty()
          ? ""
          : rules.entrySet().stream()
              .map(e -> e.getKey() + " " + e.getValue())
              .collect(Collectors.joining(", ", " (", ")"));
    }
  }

  static void run(Report report, BenchOptions options) {
    Config config = Configuration.over(Map.of());
    Round.Kind kind = options.full() ? Round.Kind.FULL : Round.Kind.HEAD;
    report.part(
        "gate",
        "Refused of %d sets of labels of each kind, and by which rules; %s, demo model, seed %d"
            .formatted(
                options.sets(),
                options.full() ? "whole adapter refitted" : "head refitted",
                options.seed()));
    try (BundledModel files = BundledModel.open();
        TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      Adapter incumbent = Adapter.load(files.adapter());
      Path place = folder.path();
      try (ExampleStore store =
              ExampleStore.open(
                  place.resolve("store"), StoreSettings.of(config, incumbent.frontEnd()));
          OfflineRounds rounds =
              new OfflineRounds(config, Backbone.load(files.backbone()), incumbent, place)) {
        LabelSets sets =
            new LabelSets(
                store,
                incumbent.labels(),
                sounds(incumbent.labels(), options.sounds()),
                options.seed());
        GateBench bench = new GateBench(report, options, kind, sets, rounds);
        for (int labels : LABELS) {
          bench.row(labels, false);
        }
        for (int labels : NEW_CLASS_LABELS) {
          bench.row(labels, true);
        }
      }
    }
  }

  private static List<LabelledClip> sounds(List<String> labels, @Nullable Path folder) {
    if (folder == null) {
      return BundledClips.load();
    }
    ClipFolder listed = ClipFolder.list(folder, labels);
    return listed.clips().stream()
        .map(clip -> new LabelledClip(listed.labels().get(clip.label()), clip.reader().get()))
        .toList();
  }

  private void row(int labels, boolean newClass) {
    Map<LabelSets.Wrong, Refused> found = new EnumMap<>(LabelSets.Wrong.class);
    for (LabelSets.Wrong wrong : LabelSets.Wrong.values()) {
      found.put(wrong, new Refused());
    }
    for (int set = 0; set < options.sets(); set++) {
      for (Map.Entry<LabelSets.Wrong, Refused> e : found.entrySet()) {
        LabelSets.Kind what = new LabelSets.Kind(set, labels, newClass, e.getKey());
        GateReport round = rounds.judged(sets.examples(what), kind);
        e.getValue().count(round, what.held() == LabelSets.Held.ALL);
      }
    }
    report(labels, newClass, found);
  }

  private void report(int labels, boolean newClass, Map<LabelSets.Wrong, Refused> found) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("labels", (double) labels);
    figures.put("newClass", newClass ? 1.0 : 0);
    figures.put("sets", (double) options.sets());
    StringBuilder text = new StringBuilder();
    found.forEach(
        (wrong, its) -> {
          String key = wrong.key();
          figures.put(key + "Refused", (double) its.refused);
          figures.put(key + "HeldOutSets", (double) its.heldOutSets);
          figures.put(key + "HeldOutRefused", (double) its.heldOutRefused);
          its.rules.forEach((rule, n) -> figures.put(key + "Refused." + rule, (double) n));
          text.append(text.isEmpty() ? "" : ", ").append(wrong.word()).append(' ');
          text.append(its.refused).append(its.said());
        });
    String of = newClass ? "a new class" : "known classes";
    report.row("kinds", "%d labels of %s".formatted(labels, of), figures, text.toString());
  }
}
