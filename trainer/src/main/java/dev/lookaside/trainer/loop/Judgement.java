package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.detect.ClipDetector;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.infer.HeadProduct;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.gate.Gate;
import dev.lookaside.trainer.gate.GateEvidence;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.head.KeptClip;
import dev.lookaside.trainer.head.KeptEmbeddings;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a round is judged on, and the judgement: a function of plan, sounds and adapters. For one
 * thread.
 */
final class Judgement {
  private static final int BATCH = 16;

  private final Refit.Tools tools;
  private final Round round;
  private final RoundPlan plan;
  private final RoundSounds sounds;
  private final Adapter incumbent;
  private final KeptEmbeddings kept;
  private final StandingScenes standing;
  private final boolean quick;
  private final long seed;
  private final Runnable goOn;

  /**
   * @param quick whether what stands is judged on, the same in every round, by what is kept
   * @param goOn called between two scenes; what it throws ends the judgement
   */
  Judgement(
      Refit.Tools tools,
      Round round,
      RoundPlan plan,
      RoundSounds sounds,
      Adapter incumbent,
      KeptEmbeddings kept,
      StandingScenes standing,
      boolean quick,
      Runnable goOn) {
    this.tools = tools;
    this.round = round;
    this.plan = plan;
    this.sounds = sounds;
    this.incumbent = incumbent;
    this.kept = kept;
    this.standing = standing;
    this.quick = quick;
    this.seed = Refit.seed(tools, round);
    this.goOn = goOn;
  }

  /** Scenes of all that is held out, and some of the corrected classes; others at another place. */
  List<Scene> scenes(long place) {
    long own = Seeds.mix(seed, place);
    List<Scene> scenes = new ArrayList<>(sounds.scenes(plan.heldOut(), judgeScenes(), own));
    scenes.addAll(freshScenes(own));
    return scenes;
  }

  /** Of eleven classes in few scenes a corrected one hardly sounds. */
  private List<Scene> freshScenes(long own) {
    RefitSettings s = tools.settings();
    HeadScenes lay = quick ? HeadScenes.toJudge(sounds, s) : HeadScenes.toJudge(sounds, s, own);
    return lay.fresh(plan.heldOut(), List.of(), plan.corrected(), s.judgeFreshScenes()).stream()
        .map(HeadScenes.Laid::scene)
        .toList();
  }

  private int judgeScenes() {
    RefitSettings s = tools.settings();
    return round.kind() == Round.Kind.HEAD ? s.judgeHeadScenes() : s.judgeScenes();
  }

  /** Audio in which no class sounds; other at another place. */
  List<Pcm> background(long place) {
    return quick
        ? HeadScenes.quiet(plan, sounds, tools.settings(), HeadScenes.Quiet.JUDGEMENT)
        : sounds.background(plan.background(), backgroundSeconds(), Seeds.mix(seed, place));
  }

  private double backgroundSeconds() {
    RefitSettings s = tools.settings();
    return round.kind() == Round.Kind.HEAD ? s.headBackgroundSeconds() : s.backgroundSeconds();
  }

  /** What of the streams false alarms were counted on. */
  private Optional<String> backgroundNote() {
    List<StoredExample> sampled = sounds.sampled(plan.background(), backgroundSeconds());
    double seconds = sampled.stream().mapToDouble(e -> e.heldAudio().seconds()).sum();
    long streams = sampled.stream().map(StoredExample::stream).distinct().count();
    return sampled.isEmpty()
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "false alarms: counted on %.0f s of background of %d %s, too",
                seconds,
                streams,
                streams == 1 ? "stream" : "streams"));
  }

  /**
   * Lets incumbent and candidate hear the same held-out sounds, other scenes than thresholds had.
   *
   * @throws TrainerException if it was stopped
   */
  GateReport report(Adapter candidate) {
    GateEvidence before;
    GateEvidence after;
    Heard heard = new Heard(toJudge(), background(6), corrections());
    if (quick && kept.alike(incumbent, candidate)) {
      // One hearing is enough for both.
      kept.of(incumbent, tools.hopFrames(), heard.audio(), goOn);
      List<GateEvidence> both =
          Stream.of(incumbent, candidate)
              .parallel()
              .map(adapter -> evidence(adapter, keptEar(adapter), heard))
              .toList();
      before = both.get(0);
      after = both.get(1);
    } else {
      before = evidence(incumbent, heard);
      after = evidence(candidate, heard);
    }
    GateReport report = Gate.judge(before, after, tools.gate());
    List<String> notes = new ArrayList<>(plan.notes());
    backgroundNote().ifPresent(notes::add);
    for (String note : notes) {
      report = report.withNote(note);
    }
    return report.withLearned(learned());
  }

  /** The labels behind the examples of this round. */
  private Learned learned() {
    List<StoredExample> all = labelled(plan.heldOut(), plan.background());
    Set<String> heldOut = all.stream().map(StoredExample::id).collect(Collectors.toSet());
    all.addAll(labelled(plan.train(), plan.unlabelled()));
    all.sort(Comparator.comparingLong(StoredExample::number).reversed());
    List<Learned.Use> uses = new ArrayList<>();
    for (StoredExample e : all) {
      uses.add(new Learned.Use(e.id(), !heldOut.contains(e.id())));
    }
    return Learned.of(uses, Learned.LABELS_MAX);
  }

  private List<StoredExample> labelled(List<String> some, List<String> others) {
    return Stream.concat(some.stream(), others.stream())
        .map(sounds::example)
        .filter(e -> e.labelId().isPresent())
        .collect(Collectors.toCollection(ArrayList::new));
  }

  /** What both are judged on. */
  private record Heard(
      List<Trial> trials, List<Pcm> background, Map<String, CorrectedStretch> corrections) {
    List<Pcm> audio() {
      return Stream.of(
              trials.stream().map(trial -> trial.scene().audio()),
              background.stream(),
              corrections.values().stream().map(CorrectedStretch::audio))
          .flatMap(audio -> audio)
          .toList();
    }
  }

  /**
   * A scene to judge on.
   *
   * @param reference classes whose events in it are from before there were labels
   */
  private record Trial(Scene scene, Set<String> reference) {}

  private GateEvidence evidence(Adapter adapter, Heard heard) {
    try (Scorer scorer = Scorer.open(tools.backbone(), adapter, tools.where())) {
      ClipDetector detector = new ClipDetector(tools.model(adapter), scorer, BATCH);
      return evidence(adapter, detector::detect, heard);
    }
  }

  private Examiner.Ear keptEar(Adapter adapter) {
    DetectorModel model = tools.model(adapter);
    HeadProduct head = HeadProduct.of(adapter);
    return audio -> {
      KeptClip clip = kept.of(adapter, tools.hopFrames(), List.of(audio), goOn).get(0);
      return ClipDetector.decoded(model, clip.windows(), clip.posteriors(head));
    };
  }

  private GateEvidence evidence(Adapter adapter, Examiner.Ear ear, Heard heard) {
    Examiner examiner = new Examiner(tools.model(adapter), ear);
    for (Trial trial : heard.trials()) {
      goOn.run();
      examiner.scene(trial.scene(), trial.reference());
    }
    for (Pcm quiet : heard.background()) {
      goOn.run();
      examiner.background(quiet);
    }
    heard.corrections().forEach((id, stretch) -> correction(sounds.example(id), stretch, examiner));
    Map<String, Integer> counts = sounds.counts(plan.heldOut());
    counts.keySet().retainAll(adapter.labels());
    return examiner.evidence(counts);
  }

  /**
   * Scenes of reference sounds, with labelled ones only of classes that have no others; scenes of
   * the labelled sounds of the other classes, half as many; and some of the corrected classes. One
   * label must not bend what is found on reference sounds.
   */
  private List<Trial> toJudge() {
    Set<String> reference = new TreeSet<>();
    Set<String> labelled = new TreeSet<>();
    for (String id : plan.heldOut()) {
      StoredExample e = sounds.example(id);
      (e.origin() == Origin.SEED ? reference : labelled).add(e.label().orElseThrow());
    }
    Set<String> unbent = new TreeSet<>(reference);
    unbent.removeAll(labelled);
    List<Trial> trials = new ArrayList<>();
    standing(reference).forEach(scene -> trials.add(new Trial(scene, reference)));
    bent(reference).forEach(scene -> trials.add(new Trial(scene, Set.of())));
    freshScenes(Seeds.mix(seed, 5)).forEach(scene -> trials.add(new Trial(scene, unbent)));
    return trials;
  }

  private List<Scene> standing(Set<String> reference) {
    RefitSettings s = tools.settings();
    if (quick) {
      return standing.toJudge(plan, sounds, s).stream().map(HeadScenes.Laid::scene).toList();
    }
    List<String> ids =
        plan.heldOut().stream().filter(id -> !isBent(sounds.example(id), reference)).toList();
    return sounds.scenes(ids, judgeScenes(), Seeds.mix(seed, 5));
  }

  private List<Scene> bent(Set<String> reference) {
    List<String> ids =
        plan.heldOut().stream().filter(id -> isBent(sounds.example(id), reference)).toList();
    return sounds.scenes(ids, (judgeScenes() + 1) / 2, Seeds.mix(seed, 9));
  }

  private static boolean isBent(StoredExample e, Set<String> reference) {
    return e.origin() != Origin.SEED && reference.contains(e.label().orElseThrow());
  }

  /** By id, as the plan names them. */
  private Map<String, CorrectedStretch> corrections() {
    Map<String, CorrectedStretch> corrections = new LinkedHashMap<>();
    for (String id : plan.corrections()) {
      StoredExample e = sounds.example(id);
      if (judged(e).isPresent()) {
        corrections.put(id, CorrectedStretch.of(e, WindowSpec.of(incumbent)));
      }
    }
    return corrections;
  }

  private static Optional<String> judged(StoredExample e) {
    return e.label().isPresent() ? e.label() : e.rejectedLabel();
  }

  private void correction(StoredExample e, CorrectedStretch stretch, Examiner examiner) {
    boolean heldOut = !plan.train().contains(e.id()) && !plan.unlabelled().contains(e.id());
    examiner.correction(
        e.id(),
        stretch.audio(),
        stretch.onsetSeconds(),
        stretch.offsetSeconds(),
        judged(e).orElseThrow(),
        e.label().isPresent(),
        heldOut);
  }
}
