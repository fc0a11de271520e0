package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.featurizer.FeaturizerSettings;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.judge.Examiner;
import dev.lookaside.trainer.judge.Trial;
import dev.lookaside.trainer.metric.Ranking;
import dev.lookaside.trainer.query.PoolScorer;
import dev.lookaside.trainer.query.QueryStrategy;
import dev.lookaside.trainer.refit.OfflineRounds;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * What ten labels teach that {@code lookaside label next} asks for, against ten of the same
 * detections drawn at random: the head is refitted on each, and both are scored on the same sounds
 * of another stream. The new class is one of eleven that sound; its recordings on the other stream
 * are others.
 */
final class LabelChoiceBench {
  private static final int LABELS = 10;
  private static final double POOL_SECONDS = 240;
  private static final double UNSEEN_SECONDS = 240;
  private static final int BATCH = 16;
  private static final int DRAWS = 10_000;
  private static final double TAIL = .025;

  private final BenchOptions options;
  private final LabelSets sets;
  private final OfflineRounds rounds;
  private final PoolScorer scorer;
  private final Adapter incumbent;
  private final QueryStrategy strategy;

  private LabelChoiceBench(
      BenchOptions options,
      LabelSets sets,
      OfflineRounds rounds,
      PoolScorer scorer,
      Adapter incumbent) {
    this.options = options;
    this.sets = sets;
    this.rounds = rounds;
    this.scorer = scorer;
    this.incumbent = incumbent;
    List<float[]> known = new ArrayList<>();
    for (StoredExample e : sets.known()) {
      known.add(
          scorer.embedding(
              e.heldAudio().read(), e.heldAudio().onsetSeconds(), e.heldAudio().offsetSeconds()));
    }
    this.strategy = scorer.strategy(known, Set.of());
  }

  /** What ten labels led to. */
  private record Taught(
      int ofNewClass, int right, boolean passed, double newClass, double allClasses) {}

  static void run(Report report, BenchOptions options) {
    Config config = Configuration.over(Map.of());
    report.part(
        "labelChoice",
        "What %d labels teach, chosen or at random; %d sets, seed %d; average precision on unseen sounds after a refit of the head"
            .formatted(LABELS, options.sets(), options.seed()));
    try (BundledModel files = BundledModel.open();
        TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      Adapter incumbent = Adapter.load(files.adapter());
      Backbone backbone = Backbone.load(files.backbone());
      try (ExampleStore store =
              ExampleStore.open(
                  folder.path().resolve("store"), StoreSettings.of(config, incumbent.frontEnd()));
          OfflineRounds rounds = new OfflineRounds(config, backbone, incumbent, folder.path());
          PoolScorer scorer =
              new PoolScorer(
                  backbone,
                  FeaturizerSettings.of(config)
                      .spec(incumbent.frontEnd(), incumbent.windowFrames())
                      .hopFrames(),
                  DetectSettings.of(config),
                  new ScorerSettings(Device.CPU, 0, BATCH),
                  incumbent,
                  null)) {
        LabelSets sets =
            new LabelSets(store, incumbent.labels(), BundledClips.load(), options.seed());
        new LabelChoiceBench(options, sets, rounds, scorer, incumbent).run(report);
      }
    }
  }

  private void run(Report report) {
    List<Taught> chosen = new ArrayList<>();
    List<Taught> random = new ArrayList<>();
    for (int set = 0; set < options.sets(); set++) {
      Scene stream = sets.stream(set, true, POOL_SECONDS);
      Map<String, DetectedEvent> detected = new LinkedHashMap<>();
      for (DetectedEvent e : scorer.detections(stream.audio(), incumbent).events()) {
        detected.put("set %d, detection %d".formatted(set, detected.size()), e);
      }
      List<QueryStrategy.Sound> pool = scorer.sounds(trials(stream, detected));
      List<String> byScore =
          strategy.choose(pool, pool.size()).stream().map(c -> c.sound().id()).toList();
      List<String> drawn = new ArrayList<>(detected.keySet());
      Collections.shuffle(drawn, new Random(Seeds.mix(options.seed(), 6, set)));
      Scene unseen = sets.stream(set, false, UNSEEN_SECONDS);
      chosen.add(taught(stream, detected, byScore, unseen, "chosen"));
      random.add(taught(stream, detected, drawn, unseen, "random"));
    }
    report(report, chosen, random);
  }

  private static List<Trial> trials(Scene stream, Map<String, DetectedEvent> detected) {
    List<Trial> trials = new ArrayList<>();
    detected.forEach(
        (id, e) ->
            trials.add(
                new Trial(
                    id,
                    id,
                    e.label(),
                    null,
                    false,
                    0,
                    stream.audio(),
                    e.onsetSeconds(),
                    e.offsetSeconds())));
    return trials;
  }

  /** The truth answers: what sounds there longest, else that the detection is wrong. */
  private Taught taught(
      Scene stream,
      Map<String, DetectedEvent> detected,
      List<String> order,
      Scene unseen,
      String how) {
    List<StoredExample> examples = new ArrayList<>(sets.known());
    List<LabelledEvent> answered = new ArrayList<>();
    int ofNewClass = 0;
    int right = 0;
    for (String id : order) {
      if (examples.size() == sets.known().size() + LABELS) {
        break;
      }
      DetectedEvent e = Objects.requireNonNull(detected.get(id), id);
      Optional<LabelledEvent> truth = sounding(stream, e);
      // A person does not answer twice for one sound.
      if (truth.isEmpty() || !answered.contains(truth.get())) {
        Optional<String> label = truth.map(LabelledEvent::label);
        boolean wrong = !label.equals(Optional.of(e.label()));
        examples.add(
            sets.labelled(
                stream.audio(),
                e.onsetSeconds(),
                e.offsetSeconds(),
                how + " " + id,
                label,
                wrong ? Optional.of(e.label()) : Optional.empty()));
        truth.ifPresent(answered::add);
        ofNewClass += label.equals(Optional.of(BundledClips.NEW_CLASS)) ? 1 : 0;
        right += wrong ? 0 : 1;
      }
    }
    OfflineRounds.Judged judged = rounds.judged(examples, Round.Kind.HEAD);
    Map<String, Double> precision = precision(judged.candidate(), unseen);
    double mean =
        precision.values().stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    return new Taught(
        ofNewClass,
        right,
        judged.report().passed(),
        precision.getOrDefault(BundledClips.NEW_CLASS, Double.NaN),
        mean);
  }

  private static Optional<LabelledEvent> sounding(Scene stream, DetectedEvent detected) {
    LabelledEvent best = null;
    double most = 0;
    for (LabelledEvent e : stream.events()) {
      double shared =
          Math.min(e.offsetSeconds(), detected.offsetSeconds())
              - Math.max(e.onsetSeconds(), detected.onsetSeconds());
      if (shared > most) {
        best = e;
        most = shared;
      }
    }
    return Optional.ofNullable(best);
  }

  /** Of each class that sounds; 0 for one that the adapter does not know. */
  private Map<String, Double> precision(Adapter adapter, Scene unseen) {
    List<Trial> trials = new ArrayList<>();
    for (LabelledEvent e : unseen.events()) {
      String id = "unseen " + trials.size();
      trials.add(
          new Trial(
              id,
              id,
              e.label(),
              null,
              false,
              0,
              unseen.audio(),
              e.onsetSeconds(),
              e.offsetSeconds()));
    }
    List<String> labels = new ArrayList<>(incumbent.labels());
    labels.add(BundledClips.NEW_CLASS);
    List<Score> scores =
        Examiner.scores(trials, labels, (audio, fold) -> scorer.detections(audio, adapter));
    Map<String, Double> precision = new LinkedHashMap<>();
    for (int c = 0; c < labels.size(); c++) {
      double[] peaks = new double[scores.size()];
      boolean[] positives = new boolean[scores.size()];
      for (int i = 0; i < peaks.length; i++) {
        peaks[i] = scores.get(i).peaks()[c];
        positives[i] = labels.get(c).equals(trials.get(i).label());
      }
      double its = Ranking.averagePrecision(peaks, positives);
      if (!Double.isNaN(its)) {
        precision.put(labels.get(c), its);
      }
    }
    return precision;
  }

  private void report(Report report, List<Taught> chosen, List<Taught> random) {
    row(
        report,
        "newClass",
        "new class (" + BundledClips.NEW_CLASS + ")",
        chosen,
        random,
        Taught::newClass);
    row(report, "allClasses", "mean of all classes", chosen, random, Taught::allClasses);
    row(
        report,
        "ofNewClass",
        "labels of the new class, of " + LABELS,
        chosen,
        random,
        Taught::ofNewClass);
    row(
        report,
        "corrections",
        "detections found wrong, of " + LABELS,
        chosen,
        random,
        t -> LABELS - t.right());
    row(
        report,
        "passed",
        "share of rounds that passed the gate",
        chosen,
        random,
        t -> t.passed() ? 1 : 0);
  }

  private void row(
      Report report,
      String key,
      String what,
      List<Taught> chosen,
      List<Taught> random,
      ToDoubleFunction<Taught> figure) {
    double[] a = chosen.stream().mapToDouble(figure).toArray();
    double[] b = random.stream().mapToDouble(figure).toArray();
    double[] differences = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      differences[i] = a[i] - b[i];
    }
    double[] interval = interval(differences);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("chosen", mean(a));
    figures.put("random", mean(b));
    figures.put("difference", mean(differences));
    figures.put("differenceLow", interval[0]);
    figures.put("differenceHigh", interval[1]);
    report.row(
        key,
        what,
        figures,
        String.format(
            Locale.ROOT,
            "chosen %.3f, random %.3f, difference %+.3f (95 %% sure: %+.3f to %+.3f)",
            mean(a),
            mean(b),
            mean(differences),
            interval[0],
            interval[1]));
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return sum / values.length;
  }

  /** Of the mean: percentiles of a bootstrap over the sets. */
  private static double[] interval(double[] differences) {
    SplittableRandom random = new SplittableRandom(1);
    double[] means = new double[DRAWS];
    for (int d = 0; d < DRAWS; d++) {
      for (int i = 0; i < differences.length; i++) {
        means[d] += differences[random.nextInt(differences.length)] / differences.length;
      }
    }
    Arrays.sort(means);
    int at = (int) (TAIL * DRAWS);
    return new double[] {means[at], means[DRAWS - 1 - at]};
  }
}
