package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.ClassChange;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoreSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the gate does with right, half wrong and random labels: rounds of the bundled model. */
final class GateBench {
  private static final int[] LABELS = {10, 5};

  /** Of a normal distribution: 95 of 100 lie within. */
  private static final double SURE = 1.96;

  private final Report report;
  private final Bench.Options options;
  private final Round.Kind kind;
  private final LabelSets sets;
  private final OfflineRounds rounds;

  private GateBench(
      Report report, Bench.Options options, Round.Kind kind, LabelSets sets, OfflineRounds rounds) {
    this.report = report;
    this.options = options;
    this.kind = kind;
    this.sets = sets;
    this.rounds = rounds;
  }

  /** How the sets of a kind ended. */
  private static final class Ends {
    private int sets;
    private int passed;
    private int undecided;

    /** Passed although a corrected class's average precision out of fold fell. */
    private int passedWorse;

    void count(GateReport round) {
      sets++;
      passed += round.passed() ? 1 : 0;
      undecided += round.undecided() ? 1 : 0;
      passedWorse += round.passed() && fell(round) ? 1 : 0;
    }

    private static boolean fell(GateReport round) {
      for (ClassChange c : round.classes().values()) {
        Double before = c.averagePrecision().before();
        Double after = c.averagePrecision().after();
        if (c.labels() > 0 && before != null && after != null && after < before) {
          return true;
        }
      }
      return false;
    }

    /** For people, with Wilson's interval of the share that pass. */
    String words() {
      double share = (double) passed / sets;
      double centre = (share + SURE * SURE / (2 * sets)) / (1 + SURE * SURE / sets);
      double half =
          SURE
              / (1 + SURE * SURE / sets)
              * Math.sqrt(share * (1 - share) / sets + SURE * SURE / (4.0 * sets * sets));
      return String.format(
          Locale.ROOT,
          "%d of %d pass (%.0f to %.0f %%), %d undecided",
          passed,
          sets,
          100 * Math.max(0, centre - half),
          100 * Math.min(1, centre + half),
          undecided);
    }
  }

  static void run(Report report, Bench.Options options) {
    Config config = Configuration.over(Map.of());
    Round.Kind kind = options.full() ? Round.Kind.FULL : Round.Kind.HEAD;
    report.part(
        "gate",
        "Of %d sets of labels of each kind how many pass (interval: 95 %% sure); %s, demo model, seed %d"
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
          bench.row(labels, true);
          bench.row(labels, false);
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
    Map<LabelSets.Wrong, Ends> found = new EnumMap<>(LabelSets.Wrong.class);
    for (LabelSets.Wrong wrong : LabelSets.Wrong.values()) {
      found.put(wrong, new Ends());
    }
    List<String> held = new ArrayList<>();
    for (int set = 0; set < options.sets(); set++) {
      for (Map.Entry<LabelSets.Wrong, Ends> e : found.entrySet()) {
        LabelSets.Kind what = new LabelSets.Kind(set, labels, newClass, e.getKey());
        GateReport round = rounds.judged(sets.examples(what), kind).report();
        e.getValue().count(round);
        if (e.getKey() == LabelSets.Wrong.NONE && !round.passed()) {
          held.add("set %d: %s".formatted(set, String.join("; ", round.reasons())));
        }
      }
    }
    report(labels, newClass, found);
    for (int i = 0; i < held.size(); i++) {
      report.text(
          "%sRight%dHeld%d".formatted(newClass ? "newClass" : "known", labels, i),
          "  right, not passed",
          held.get(i));
    }
  }

  private void report(int labels, boolean newClass, Map<LabelSets.Wrong, Ends> found) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("labels", (double) labels);
    figures.put("newClass", newClass ? 1.0 : 0);
    figures.put("sets", (double) options.sets());
    StringBuilder text = new StringBuilder();
    int worse = 0;
    for (Map.Entry<LabelSets.Wrong, Ends> e : found.entrySet()) {
      String key = e.getKey().key();
      Ends its = e.getValue();
      figures.put(key + "Passed", (double) its.passed);
      figures.put(key + "Undecided", (double) its.undecided);
      figures.put(key + "PassedWorse", (double) its.passedWorse);
      worse += its.passedWorse;
      text.append(e.getKey().word()).append(' ').append(its.words()).append("; ");
    }
    text.append("passed although a corrected class fell: ").append(worse);
    String of = newClass ? "a new class" : "known classes";
    report.row("kinds", "%d labels of %s".formatted(labels, of), figures, text.toString());
  }
}
