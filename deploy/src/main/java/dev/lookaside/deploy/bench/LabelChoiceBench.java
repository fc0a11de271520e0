package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.review.NextLabels;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.featurizer.FeaturizerSettings;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.judge.SoundScorer;
import dev.lookaside.trainer.judge.Trial;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.EventF1;
import dev.lookaside.trainer.metric.Ranking;
import dev.lookaside.trainer.query.PoolScorer;
import dev.lookaside.trainer.query.QueryStrategy;
import dev.lookaside.trainer.query.QueryStrategy.Labelled;
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
import java.util.stream.DoubleStream;

/**
 * What few labels teach that {@code lookaside label next} asks for, one after the other, against as
 * many of the same detections drawn at random: the adapter is refitted on each, and both are scored
 * on the same sounds of another stream. The new class is one of eleven that sound; its recordings
 * on the other stream are others.
 */
final class LabelChoiceBench {
  private static final List<Integer> LABELS = List.of(2, 5, 10, 20);

  /** More detections than {@link NextLabels#POOL_MAX}. */
  private static final double POOL_SECONDS = 900;

  private static final double UNSEEN_SECONDS = 240;
  private static final int BATCH = 16;
  private static final int DRAWS = 10_000;
  private static final double TAIL = .025;
  private static final double SECONDS_PER_HOUR = 3600;
  private static final Collars COLLARS = Collars.onset(.2);

  private final Bench.Options options;
  private final LabelSets sets;
  private final OfflineRounds rounds;
  private final PoolScorer scorer;
  private final Adapter incumbent;
  private final List<Labelled> known;

  private LabelChoiceBench(
      Bench.Options options,
      LabelSets sets,
      OfflineRounds rounds,
      PoolScorer scorer,
      Adapter incumbent) {
    this.options = options;
    this.sets = sets;
    this.rounds = rounds;
    this.scorer = scorer;
    this.incumbent = incumbent;
    this.known = new ArrayList<>();
    for (StoredExample e : sets.known()) {
      float[] embedding =
          scorer.embedding(
              e.heldAudio().read(), e.heldAudio().onsetSeconds(), e.heldAudio().offsetSeconds());
      known.add(new Labelled(e.label().orElse(null), embedding));
    }
  }

  /**
   * A detection that somebody judged.
   *
   * @param truth what sounds there
   */
  private record Answer(String id, DetectedEvent detected, Optional<LabelledEvent> truth) {
    Optional<String> label() {
      return truth.map(LabelledEvent::label);
    }

    boolean isCorrection() {
      return !label().equals(Optional.of(detected.label()));
    }
  }

  /**
   * What some labels led to.
   *
   * @param ofNewClass labels of the new class among them
   * @param corrections detections among them that were wrong
   * @param passed the gate
   * @param scores on unseen sounds of the candidate, passed or not
   */
  private record Taught(int ofNewClass, int corrections, boolean passed, Scores scores) {}

  /**
   * An adapter on unseen sounds.
   *
   * @param newClass average precision of the new class; 0 for an adapter that does not know it
   * @param knownClasses mean average precision of the others
   * @param allClasses mean average precision of both
   * @param recall share of the new class's events whose onset is found
   * @param falseAlarmsPerHour events of the new class that are detected elsewhere
   */
  private record Scores(
      double newClass,
      double knownClasses,
      double allClasses,
      double recall,
      double falseAlarmsPerHour) {}

  private record Figure(String key, String what, ToDoubleFunction<Taught> of) {}

  private static final List<Figure> FIGURES =
      List.of(
          new Figure("newClass", "AP of the new class", t -> t.scores().newClass()),
          new Figure("knownClasses", "mean AP of the known ones", t -> t.scores().knownClasses()),
          new Figure("allClasses", "mean AP of all classes", t -> t.scores().allClasses()),
          new Figure("recall", "recall of the new class", t -> t.scores().recall()),
          new Figure(
              "falseAlarmsPerHour",
              "false alarms of it an hour",
              t -> t.scores().falseAlarmsPerHour()),
          new Figure("ofNewClass", "labels of the new class", Taught::ofNewClass),
          new Figure("corrections", "detections found wrong", Taught::corrections),
          new Figure("passed", "share that passed the gate", t -> t.passed() ? 1 : 0));

  static void run(Report report, Bench.Options options) {
    Config config = Configuration.over(Map.of());
    report.part(
        "labelChoice",
        "What labels teach, chosen or at random; %d sets, seed %d; on unseen sounds after a refit of the %s"
            .formatted(options.sets(), options.seed(), options.full() ? "whole adapter" : "head"));
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
    Map<Integer, List<Taught>> chosen = new LinkedHashMap<>();
    Map<Integer, List<Taught>> random = new LinkedHashMap<>();
    List<Scores> before = new ArrayList<>();
    for (int set = 0; set < options.sets(); set++) {
      Scene stream = sets.stream(set, true, POOL_SECONDS);
      List<DetectedEvent> all = scorer.detections(stream.audio(), incumbent).events();
      Map<String, DetectedEvent> detected = new LinkedHashMap<>();
      for (DetectedEvent e :
          all.subList(Math.max(0, all.size() - NextLabels.POOL_MAX), all.size())) {
        detected.put("set %d, detection %d".formatted(set, detected.size()), e);
      }
      List<Answer> asked = asked(stream, detected);
      List<String> drawn = new ArrayList<>(detected.keySet());
      Collections.shuffle(drawn, new Random(Seeds.mix(options.seed(), 6, set)));
      List<Answer> atRandom = new ArrayList<>();
      for (String id : drawn) {
        answer(stream, id, Objects.requireNonNull(detected.get(id)), atRandom);
      }
      Scene unseen = sets.stream(set, false, UNSEEN_SECONDS);
      before.add(scores(incumbent, unseen));
      for (int labels : LABELS) {
        chosen
            .computeIfAbsent(labels, n -> new ArrayList<>())
            .add(taught(stream, asked.subList(0, labels), unseen, "chosen"));
        random
            .computeIfAbsent(labels, n -> new ArrayList<>())
            .add(taught(stream, atRandom.subList(0, labels), unseen, "random"));
      }
    }
    report.figure(
        "knownClassesBefore",
        "without labels: mean AP of the known ones",
        mean(before.stream().mapToDouble(Scores::knownClasses).toArray()),
        "");
    for (int labels : LABELS) {
      rows(
          report,
          labels,
          Objects.requireNonNull(chosen.get(labels)),
          Objects.requireNonNull(random.get(labels)));
    }
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

  /** Always the first of the list, which is made anew after each answer. */
  private List<Answer> asked(Scene stream, Map<String, DetectedEvent> detected) {
    List<QueryStrategy.Sound> pool = new ArrayList<>(scorer.sounds(trials(stream, detected)));
    List<Labelled> labelled = new ArrayList<>(known);
    List<Answer> answers = new ArrayList<>();
    while (answers.size() < LABELS.get(LABELS.size() - 1)) {
      QueryStrategy.Sound first =
          scorer.strategy(labelled, Set.of()).choose(pool, 1).get(0).sound();
      pool.remove(first);
      DetectedEvent event = Objects.requireNonNull(detected.get(first.id()));
      if (answer(stream, first.id(), event, answers)) {
        String label = answers.get(answers.size() - 1).label().orElse(null);
        labelled.add(new Labelled(label, first.embedding()));
      }
    }
    return answers;
  }

  /**
   * The truth answers: what sounds there longest, else that the detection is wrong.
   *
   * @param answers gets one more, unless one is for the same sound: a person does not answer twice
   */
  private static boolean answer(
      Scene stream, String id, DetectedEvent detected, List<Answer> answers) {
    Optional<LabelledEvent> truth = sounding(stream, detected);
    if (truth.isPresent() && answers.stream().anyMatch(a -> a.truth().equals(truth))) {
      return false;
    }
    return answers.add(new Answer(id, detected, truth));
  }

  private Taught taught(Scene stream, List<Answer> answers, Scene unseen, String how) {
    List<StoredExample> examples = new ArrayList<>(sets.known());
    for (Answer a : answers) {
      examples.add(
          sets.labelled(
              stream.audio(),
              a.detected().onsetSeconds(),
              a.detected().offsetSeconds(),
              how + " " + a.id(),
              a.label(),
              a.isCorrection() ? Optional.of(a.detected().label()) : Optional.empty()));
    }
    OfflineRounds.Judged judged =
        rounds.judged(examples, options.full() ? Round.Kind.FULL : Round.Kind.HEAD);
    return new Taught(
        (int)
            answers.stream()
                .filter(a -> a.label().equals(Optional.of(BundledClips.NEW_CLASS)))
                .count(),
        (int) answers.stream().filter(Answer::isCorrection).count(),
        judged.report().passed(),
        scores(judged.candidate(), unseen));
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

  private Scores scores(Adapter adapter, Scene unseen) {
    List<Trial> trials = new ArrayList<>();
    List<Event> truth = new ArrayList<>();
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
      truth.add(event(e.label(), e.onsetSeconds(), e.offsetSeconds()));
    }
    ClipDetections detections = scorer.detections(unseen.audio(), adapter);
    List<String> labels = new ArrayList<>(incumbent.labels());
    labels.add(BundledClips.NEW_CLASS);
    List<Score> scored = SoundScorer.scores(trials, labels, (audio, fold) -> detections);
    List<Double> known = new ArrayList<>();
    double newClass = 0;
    for (int c = 0; c < labels.size(); c++) {
      double[] peaks = new double[scored.size()];
      boolean[] positives = new boolean[scored.size()];
      for (int i = 0; i < peaks.length; i++) {
        peaks[i] = scored.get(i).peaks()[c];
        positives[i] = labels.get(c).equals(trials.get(i).label());
      }
      double its = Ranking.averagePrecision(peaks, positives);
      if (labels.get(c).equals(BundledClips.NEW_CLASS)) {
        newClass = its;
      } else if (!Double.isNaN(its)) {
        known.add(its);
      }
    }
    List<Event> found =
        detections.events().stream()
            .map(e -> event(e.label(), e.onsetSeconds(), e.offsetSeconds()))
            .toList();
    Counts counts =
        EventF1.of(truth, found, COLLARS)
            .classes()
            .getOrDefault(BundledClips.NEW_CLASS, new Counts(0, 0, 0));
    return new Scores(
        newClass,
        mean(known.stream().mapToDouble(Double::doubleValue).toArray()),
        mean(
            DoubleStream.concat(
                    DoubleStream.of(newClass), known.stream().mapToDouble(Double::doubleValue))
                .toArray()),
        counts.recall(),
        counts.falsePositives() * SECONDS_PER_HOUR / UNSEEN_SECONDS);
  }

  private static Event event(String label, double onsetSeconds, double offsetSeconds) {
    return new Event("unseen", label, onsetSeconds, offsetSeconds);
  }

  private static void rows(Report report, int labels, List<Taught> chosen, List<Taught> random) {
    for (Figure figure : FIGURES) {
      row(report, labels, figure, chosen, random);
    }
  }

  private static void row(
      Report report, int labels, Figure figure, List<Taught> chosen, List<Taught> random) {
    double[] a = chosen.stream().mapToDouble(figure.of()).toArray();
    double[] b = random.stream().mapToDouble(figure.of()).toArray();
    double[] differences = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      differences[i] = a[i] - b[i];
    }
    double[] interval = interval(differences);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("labels", (double) labels);
    figures.put("chosen", mean(a));
    figures.put("random", mean(b));
    figures.put("difference", mean(differences));
    figures.put("differenceLow", interval[0]);
    figures.put("differenceHigh", interval[1]);
    report.row(
        figure.key(),
        "%d labels: %s".formatted(labels, figure.what()),
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
