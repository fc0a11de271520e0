package dev.lookaside.trainer.refit;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetector;
import dev.lookaside.classifier.detect.WindowMark;
import dev.lookaside.classifier.infer.HeadProduct;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.HeadGrowth;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.evaluate.SceneJudge;
import dev.lookaside.trainer.evaluate.SteadyThresholds;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.example.Targets;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.gate.Contradictions;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.gate.Evidence.Sound;
import dev.lookaside.trainer.gate.Gate;
import dev.lookaside.trainer.gate.LabelTrust;
import dev.lookaside.trainer.gate.PairedPrecision;
import dev.lookaside.trainer.gradient.Loss;
import dev.lookaside.trainer.head.CachedClip;
import dev.lookaside.trainer.head.EmbeddingCache;
import dev.lookaside.trainer.head.HeadExamples;
import dev.lookaside.trainer.head.HeadFit;
import dev.lookaside.trainer.judge.SoundScorer;
import dev.lookaside.trainer.judge.Trial;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Fits the head alone on cached embeddings: once on everything, and once without each fold, so that
 * every sound can be scored by a head that has not seen it. The function is convex and each class's
 * row is fitted by itself, so that this takes about a second, and rows of classes that no label
 * speaks of stay as they are. For one thread.
 *
 * <p>Labels that the fits without them contradict are not fitted on. A row that scores the sounds
 * it has not seen worse than the row that is there does not take its place.
 */
final class HeadRefit {
  private static final double COLLAR_SECONDS = 0.2;

  /** Thresholds are not chosen on the noise that false alarms are counted on. */
  private static final int THRESHOLDS = 0;

  private static final int JUDGEMENT = 1;

  /**
   * A labelled sound.
   *
   * @param alone by itself in several ways; none if it was only rejected as another class
   * @param recorded where it was recorded
   */
  private record Labelled(StoredExample example, int fold, List<Scene> alone, Scene recorded) {
    /** What it is judged by. */
    Scene judged() {
      return alone.isEmpty() ? recorded : alone.get(0);
    }
  }

  private record Row(float[] embedding, int column, float[] target, int fold, String owner) {}

  private final RefitTools tools;
  private final EmbeddingCache cache;
  private final RoundPlan plan;
  private final RoundSounds sounds;
  private final Adapter start;
  private final Set<String> known;
  private final BooleanSupplier stopped;
  private final Targets targets;
  private final List<Scenes.Composed> older = new ArrayList<>();
  private final List<Labelled> labelled = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private final List<Trial> trials = new ArrayList<>();
  private final Map<Pcm, CachedClip> clips = new IdentityHashMap<>();
  private List<Pcm> quietForThresholds = List.of();
  private List<Pcm> quietForJudgement = List.of();
  private List<Score> unfitted = List.of();

  /** Fits without each fold in turn, and last the one on everything. */
  private List<Adapter> fits = List.of();

  private final List<Gate.LabelCheck> doubtables = new ArrayList<>();
  private LabelTrust.@Nullable Finding trust;
  private Set<String> doubted = Set.of();

  /**
   * @param start where the rows begin, with rows for new classes
   * @param known classes of {@code start} that mean something before the fit
   */
  HeadRefit(
      RefitTools tools,
      EmbeddingCache cache,
      RoundPlan plan,
      RoundSounds sounds,
      Adapter start,
      Set<String> known,
      BooleanSupplier stopped) {
    this.tools = tools;
    this.cache = cache;
    this.plan = plan;
    this.sounds = sounds;
    this.start = start;
    this.known = known;
    this.stopped = stopped;
    this.targets = new Targets(WindowSpec.of(start), start.columns() > 1, start.labels().size());
  }

  /**
   * Audio of which the embeddings will be wanted.
   *
   * @param hopFrames from one window to the next
   */
  record Wanted(Pcm audio, int hopFrames) {}

  /**
   * What {@link #fit} will want, whatever labels come next. The head's rows do not count, so {@code
   * start} may lack those of new classes. Composes it: ask one object either for this or for a fit.
   */
  List<Wanted> wanted() {
    compose();
    List<Wanted> wanted = new ArrayList<>();
    older.forEach(s -> wanted.add(new Wanted(s.scene().audio(), tools.wideHopFrames())));
    quietForThresholds.forEach(pcm -> wanted.add(new Wanted(pcm, tools.wideHopFrames())));
    quietForJudgement.forEach(pcm -> wanted.add(new Wanted(pcm, tools.wideHopFrames())));
    for (Labelled l : labelled) {
      for (int i = 0; i < l.alone().size(); i++) {
        // The first is scored as streams are; the others are only fitted on.
        int hopFrames = i == 0 ? tools.hopFrames() : tools.wideHopFrames();
        wanted.add(new Wanted(l.alone().get(i).audio(), hopFrames));
      }
      wanted.add(new Wanted(l.recorded().audio(), tools.hopFrames()));
    }
    return wanted;
  }

  private void compose() {
    WindowSpec windows = WindowSpec.of(start);
    double contextSeconds = (double) windows.samples() / windows.frontEnd().rateHz();
    Scenes scenes = new Scenes(plan, sounds, tools);
    older.addAll(scenes.olderScenes());
    for (String id : plan.corrections()) {
      StoredExample e = sounds.example(id);
      boolean named = e.label().isPresent();
      if (named || e.rejectedLabel().filter(start.labels()::contains).isPresent()) {
        List<Scene> alone = named ? scenes.alone(id, contextSeconds) : List.of();
        labelled.add(new Labelled(e, plan.fold(id), alone, scenes.recorded(id, contextSeconds)));
      }
    }
    quietForThresholds = quiet(THRESHOLDS);
    quietForJudgement = quiet(JUDGEMENT);
  }

  /** Audio in which no class sounds; the same in every round. */
  private List<Pcm> quiet(int purpose) {
    return sounds.background(
        plan.background(),
        tools.settings().backgroundSeconds(),
        Seeds.mix(tools.settings().seed(), 22, purpose));
  }

  /**
   * Fits the rows of the classes that labels speak of, or that the adapter detects in labelled
   * sounds of other classes; of a softmax, whose rows depend on each other, all.
   *
   * @throws TrainerException if it was stopped
   */
  void fit() {
    prepare();
    Set<String> labels = new TreeSet<>(plan.corrected());
    for (int t = 0; t < trials.size(); t++) {
      if (trials.get(t).fromLabel()) {
        labels.addAll(unfitted.get(t).detected());
      }
    }
    labels.addAll(plan.added());
    List<String> fitted =
        start.activation() == Activation.SOFTMAX ? start.labels() : List.copyOf(labels);
    doubt(fitted(fitted, this::isEvidenceOfNames));
    fitRows(fitted);
    chooseThresholds(fitted);
  }

  /**
   * Fits all rows, for another body.
   *
   * @param doubtedBefore labels that are not fitted on
   */
  void fitAll(Set<String> doubtedBefore) {
    prepare();
    doubted = doubtedBefore;
    fitRows(start.labels());
    chooseThresholds(start.labels());
  }

  private void prepare() {
    embed();
    trials();
    unfitted =
        SoundScorer.scores(trials, start.labels(), (audio, fold) -> detections(audio, start));
  }

  private void embed() {
    Map<Integer, List<Pcm>> byHop = new TreeMap<>();
    for (Wanted w : wanted()) {
      byHop.computeIfAbsent(w.hopFrames(), hop -> new ArrayList<>()).add(w.audio());
    }
    byHop.forEach(
        (hopFrames, audio) -> {
          List<CachedClip> embedded = cache.of(start, hopFrames, audio, this::goOn);
          for (int i = 0; i < embedded.size(); i++) {
            clips.put(audio.get(i), embedded.get(i));
          }
        });
    for (Scenes.Composed scene : older) {
      sceneRows(scene);
    }
    for (Labelled l : labelled) {
      l.alone().forEach(scene -> eventRows(l, scene));
      eventRows(l, l.recorded());
    }
  }

  private CachedClip clip(Pcm audio) {
    return Objects.requireNonNull(clips.get(audio), "embedded before");
  }

  private void goOn() {
    if (stopped.getAsBoolean()) {
      throw new TrainerException("stopped in a fit of the head, which begins anew");
    }
  }

  private void sceneRows(Scenes.Composed composed) {
    Scene scene = composed.scene();
    CachedClip clip = clip(scene.audio());
    // Neighbours that overlap by seven eighths say little more than one of them.
    int every = Math.max(1, tools.settings().hopFrames() / clip.hopFrames());
    for (int i = 0; i < clip.windows().size(); i++) {
      if (clip.windows().get(i).index() % every == 0) {
        float[] wanted = new float[targets.values()];
        float[] weights = weights(clip, i, scene.events(), wanted);
        for (int r = 0; r < weights.length; r++) {
          if (weights[r] > 0) {
            rows.add(new Row(clip.embeddings().get(i), r, row(wanted, r), composed.fold(), ""));
          }
        }
      }
    }
  }

  private float[] weights(CachedClip clip, int i, List<LabelledEvent> events, float[] wanted) {
    WindowMark window = clip.windows().get(i);
    float[] weights = new float[targets.rows()];
    int from = Math.toIntExact(window.index() * clip.hopFrames());
    targets.scene(events, start.labels(), from, wanted, weights);
    int whole = window.validFrames() / ViTSpec.PATCH * ViTSpec.PATCH;
    if (targets.rows() > 1) {
      targets.unweighted(whole, weights);
    }
    return weights;
  }

  private float[] row(float[] all, int row) {
    int classes = start.labels().size();
    return Arrays.copyOfRange(all, row * classes, (row + 1) * classes);
  }

  /** The event alone: of what else sounds where it was recorded nothing is known. */
  private void eventRows(Labelled its, Scene scene) {
    CachedClip clip = clip(scene.audio());
    int at = start.labels().indexOf(scene.events().get(0).label());
    for (int i = 0; i < clip.windows().size(); i++) {
      float[] wanted = new float[targets.values()];
      float[] weights = weights(clip, i, scene.events(), wanted);
      for (int r = 0; r < weights.length; r++) {
        float[] row = row(wanted, r);
        if (weights[r] > 0 && row[at] == 1) {
          if (its.example().label().isEmpty()) {
            Arrays.fill(row, HeadExamples.UNKNOWN);
            row[at] = 0;
          }
          rows.add(new Row(clip.embeddings().get(i), r, row, its.fold(), its.example().id()));
        }
      }
    }
  }

  private void trials() {
    for (int s = 0; s < older.size(); s++) {
      Scene scene = older.get(s).scene();
      for (int i = 0; i < scene.events().size(); i++) {
        LabelledEvent e = scene.events().get(i);
        trials.add(
            new Trial(
                "scene " + s + " event " + i,
                "scene " + s,
                e.label(),
                null,
                false,
                older.get(s).fold(),
                scene.audio(),
                e.onsetSeconds(),
                e.offsetSeconds()));
      }
    }
    labelled.forEach(l -> trials.add(trial(l, l.judged())));
  }

  private static Trial trial(Labelled l, Scene scene) {
    StoredExample e = l.example();
    LabelledEvent event = scene.events().get(0);
    return new Trial(
        e.id(),
        e.id(),
        e.label().orElse(null),
        e.rejectedLabel().orElse(null),
        true,
        l.fold(),
        scene.audio(),
        event.onsetSeconds(),
        event.offsetSeconds());
  }

  private ClipDetections detections(Pcm audio, Adapter with) {
    CachedClip clip = clip(audio);
    return ClipDetector.decoded(
        tools.model(with, clip.hopFrames()), clip.windows(), clip.posteriors(HeadProduct.of(with)));
  }

  /**
   * Older sounds alone say what known names mean. Heads that are fitted to labels as well learn
   * what is labelled wrong in the same way each time, and then agree with it. Of a new class there
   * is nothing else.
   */
  private boolean isEvidenceOfNames(Row row) {
    return row.owner().isEmpty()
        || sounds.example(row.owner()).label().filter(l -> !known.contains(l)).isPresent();
  }

  private boolean isTrusted(Row row) {
    return !doubted.contains(row.owner());
  }

  /** Without each fold, and on everything. */
  private List<Adapter> fitted(List<String> labels, Predicate<Row> counts) {
    HeadFit fit = fit(counts);
    return IntStream.rangeClosed(0, RoundPlan.FOLDS)
        .parallel()
        .mapToObj(f -> fit.fitted(start, labels, f == RoundPlan.FOLDS ? -1 : f))
        .toList();
  }

  /** Contradictions of names that are right and of wrong ones. */
  private record Names(List<Double> right, List<Double> wrong) {}

  /**
   * How heads contradict known names that have met the known classes in the scenes alone, as those
   * of a new class have met it in its labels alone: rows that were fitted to these very sounds
   * before would hardly ever contradict a right name. To halve the time, every second class is
   * looked at in every second fold.
   */
  private Names knownAsNew() {
    Adapter unlearned = HeadGrowth.unlearned(start);
    HeadFit fit = fit(row -> row.owner().isEmpty());
    Names names = new Names(new ArrayList<>(), new ArrayList<>());
    addKnownAsNew(0, unlearned, fit, names);
    addKnownAsNew(1, unlearned, fit, names);
    return names;
  }

  private void addKnownAsNew(int half, Adapter unlearned, HeadFit fit, Names names) {
    Set<String> labels = new TreeSet<>(known);
    labels.removeIf(label -> start.labels().indexOf(label) % 2 != half);
    Map<Integer, Adapter> heads =
        IntStream.range(0, RoundPlan.FOLDS)
            .filter(f -> f % 2 == half)
            .boxed()
            .parallel()
            .collect(Collectors.toMap(f -> f, f -> fit.fitted(unlearned, labels, f)));
    int[] its =
        IntStream.range(0, trials.size()).filter(t -> trials.get(t).fold() % 2 == half).toArray();
    List<Score> scores =
        SoundScorer.scores(
            IntStream.of(its).mapToObj(trials::get).toList(),
            start.labels(),
            (audio, fold) -> detections(audio, Objects.requireNonNull(heads.get(fold))));
    List<Sound> scored =
        IntStream.range(0, its.length)
            .mapToObj(i -> trials.get(its[i]).scored(unfitted.get(its[i]), scores.get(i)))
            .toList();
    Contradictions contradictions = new Contradictions(start.labels(), labels, scored);
    names.right().addAll(contradictions.reference(true, true));
    names.wrong().addAll(contradictions.reference(false, true));
  }

  private HeadFit fit(Predicate<Row> counts) {
    HeadExamples examples = new HeadExamples(start.labels().size(), start.shape().width());
    for (Row r : rows) {
      if (counts.test(r)) {
        examples.add(r.embedding(), r.column(), r.target(), r.fold());
      }
    }
    return new HeadFit(examples, tools.settings().headPull(), stopped);
  }

  private void doubt(List<Adapter> heads) {
    Contradictions contradictions =
        new Contradictions(start.labels(), known, paired(unfitted, outOfFold(heads), t -> true));
    for (int t = 0; t < trials.size(); t++) {
      Trial trial = trials.get(t);
      String label = trial.label();
      if (trial.fromLabel() && label != null) {
        doubtables.add(
            new Gate.LabelCheck(
                trial.id(),
                label,
                contradictions.of(t),
                !known.contains(label),
                plan.fresh().contains(trial.id()),
                contradictions.predicted(t)));
      }
    }
    if (doubtables.isEmpty()) {
      return;
    }
    Names names =
        new Names(contradictions.reference(true, false), contradictions.reference(false, false));
    Names asNew = doubtables.stream().anyMatch(Gate.LabelCheck::newClass) ? knownAsNew() : names;
    LabelTrust.Finding found =
        new LabelTrust(tools.gate(), names.right(), names.wrong(), asNew.right(), asNew.wrong())
            .of(doubtables);
    trust = found;
    doubted = new HashSet<>();
    for (int i = 0; i < doubtables.size(); i++) {
      if (found.doubts(i)) {
        doubted.add(doubtables.get(i).example());
      }
    }
  }

  private List<Score> outOfFold(List<Adapter> heads) {
    return SoundScorer.scores(
        trials, start.labels(), (audio, fold) -> detections(audio, heads.get(fold)));
  }

  private void fitRows(List<String> labels) {
    fits = fitted(labels, this::isTrusted);
    // The rows of a softmax depend on each other.
    if (start.activation() == Activation.SIGMOID) {
      keepBetterRows(labels);
    }
  }

  /** Of known classes: those of which the fits score sounds that they have not seen no worse. */
  private void keepBetterRows(List<String> labels) {
    PairedPrecision paired = new PairedPrecision(evidence());
    List<String> worse = new ArrayList<>();
    for (String label : labels) {
      int index = start.labels().indexOf(label);
      if (known.contains(label) && paired.isWorse(label, index)) {
        worse.add(label);
      }
    }
    fits = fits.stream().map(f -> HeadGrowth.withRows(f, worse, start)).toList();
  }

  /**
   * Each scene is scored by the head that was fitted without its fold. Where the old row has
   * stayed, the threshold is chosen anew, too: the labels say something of it all the same.
   */
  private void chooseThresholds(List<String> labels) {
    SceneJudge judge = new SceneJudge(tools.model(start, tools.hopFrames()));
    for (Scenes.Composed s : older) {
      add(judge, s.scene(), s.fold());
    }
    for (Labelled l : labelled) {
      if (!l.alone().isEmpty() && !doubted.contains(l.example().id())) {
        add(judge, l.alone().get(0), l.fold());
      }
    }
    HeadProduct all = HeadProduct.of(last());
    for (Pcm audio : quietForThresholds) {
      CachedClip quiet = clip(audio);
      judge.addQuiet(quiet.hopFrames(), quiet.windows(), quiet.posteriors(all));
    }
    SortedMap<String, CalibratedPair> pairs =
        judge.calibrated(Collars.onset(COLLAR_SECONDS), labels);
    Map<String, Threshold> thresholds =
        SteadyThresholds.of(pairs, sounds.counts(plan.examples()), start);
    if (!thresholds.isEmpty()) {
      fits = fits.stream().map(f -> AdapterFactory.withThresholds(f, thresholds)).toList();
    }
  }

  private void add(SceneJudge judge, Scene scene, int fold) {
    CachedClip clip = clip(scene.audio());
    HeadProduct head = HeadProduct.of(fits.get(fold));
    judge.add(scene, clip.hopFrames(), clip.windows(), clip.posteriors(head));
  }

  private Adapter last() {
    return fits.get(RoundPlan.FOLDS);
  }

  /** The head that has not seen a fold. */
  Adapter without(int fold) {
    return fits.get(fold);
  }

  /** The head fitted on everything; its parent is the incumbent. */
  Adapter fitted() {
    TreeMap<String, String> metadata = new TreeMap<>(last().metadata());
    metadata.put("backbone", tools.backbone().digest());
    metadata.put("parent", plan.incumbent());
    ObjectNode report = JsonNodeFactory.instance.objectNode();
    report
        .putObject("fit")
        .put("backbone", tools.backbone().digest())
        .put("adapter", start.digest())
        .put("trained", "head.fc")
        .put("loss", Loss.of(start.activation()).toString())
        .put("pull", tools.settings().headPull())
        .put("examples", rows.size());
    metadata.putIfAbsent("report", report.toString());
    return AdapterFactory.of(last().tensors(), metadata);
  }

  /** Each sound as scored by what the fit began from and by the fit that has not seen it. */
  List<Sound> evidence() {
    return paired(unfitted, outOfFold(fits), t -> true);
  }

  /**
   * Sounds of the fold that both bodies have not seen, each scored by the head without that fold.
   *
   * @param before on the incumbent's body, with the same plan
   */
  List<Sound> evidence(HeadRefit before) {
    return paired(
        before.outOfFold(before.fits),
        outOfFold(fits),
        t -> trials.get(t).fold() == RoundPlan.LEFT_OUT);
  }

  private List<Sound> paired(List<Score> before, List<Score> after, IntPredicate counts) {
    return IntStream.range(0, trials.size())
        .filter(t -> counts.test(t) && !doubted.contains(trials.get(t).id()))
        .mapToObj(t -> trials.get(t).scored(before.get(t), after.get(t)))
        .toList();
  }

  /** Events on background. */
  int falseAlarms(Adapter with) {
    return quietForJudgement.stream()
        .mapToInt(audio -> detections(audio, with).events().size())
        .sum();
  }

  /** Seconds of that background. */
  double quietSeconds() {
    return quietForJudgement.stream().mapToDouble(Pcm::seconds).sum();
  }

  /** What an adapter of this body makes of each labelled sound where it was recorded. */
  List<Score> corrections(Adapter with) {
    List<Trial> recorded = labelled.stream().map(l -> trial(l, l.recorded())).toList();
    return SoundScorer.scores(recorded, with.labels(), (audio, fold) -> detections(audio, with));
  }

  /** In the order of {@link #corrections}. */
  List<StoredExample> labelled() {
    return labelled.stream().map(Labelled::example).toList();
  }

  /** What the fit began from. */
  Adapter start() {
    return start;
  }

  Set<String> doubted() {
    return doubted;
  }

  List<Gate.LabelCheck> doubtables() {
    return doubtables;
  }

  LabelTrust.@Nullable Finding trust() {
    return trust;
  }
}
