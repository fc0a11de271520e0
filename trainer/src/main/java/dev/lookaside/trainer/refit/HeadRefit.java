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
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.HeadGrowth;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.example.Targets;
import dev.lookaside.trainer.example.WindowSpec;
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
import dev.lookaside.trainer.judge.Contradictions;
import dev.lookaside.trainer.judge.SceneJudge;
import dev.lookaside.trainer.judge.SoundScorer;
import dev.lookaside.trainer.judge.Trial;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import dev.lookaside.trainer.store.StoredAudio;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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
  private static final String WEIGHT = "head.fc.weight";
  private static final String BIAS = "head.fc.bias";

  /** Thresholds are not chosen on the noise that false alarms are counted on. */
  private static final int THRESHOLDS = 0;

  private static final int JUDGEMENT = 1;

  /** A labelled sound: by itself in several ways, and where it was recorded. */
  private record Labelled(
      StoredExample example,
      int fold,
      List<Scene> alone,
      List<CachedClip> clips,
      CorrectedStretch stretch,
      CachedClip recorded) {}

  private record OlderScene(Scenes.Composed composed, CachedClip clip) {}

  private record Row(float[] embedding, int column, float[] target, int fold, String owner) {}

  private final RefitTools tools;
  private final EmbeddingCache cache;
  private final RoundPlan plan;
  private final RoundSounds sounds;
  private final Adapter start;
  private final Set<String> known;
  private final BooleanSupplier stopped;
  private final Targets targets;
  private final List<OlderScene> olderScenes = new ArrayList<>();
  private final List<Labelled> labelled = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private final List<Trial> trials = new ArrayList<>();
  private final Map<Pcm, CachedClip> clips = new IdentityHashMap<>();
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

  /** What {@link #fit} will want, whatever labels come next. */
  static List<Wanted> wanted(
      RefitTools tools, RoundPlan plan, RoundSounds sounds, Adapter adapter) {
    int wideHop = tools.wideHopFrames();
    Scenes scenes = new Scenes(plan, sounds, tools);
    List<Wanted> wanted = new ArrayList<>();
    scenes.olderScenes().forEach(s -> wanted.add(new Wanted(s.scene().audio(), wideHop)));
    for (int purpose : new int[] {THRESHOLDS, JUDGEMENT}) {
      quiet(tools, plan, sounds, purpose).forEach(pcm -> wanted.add(new Wanted(pcm, wideHop)));
    }
    for (String id : plan.corrections()) {
      List<Scene> alone = scenes.alone(id, context(adapter));
      for (int i = 0; i < alone.size(); i++) {
        wanted.add(new Wanted(alone.get(i).audio(), i == 0 ? tools.hopFrames() : wideHop));
      }
      Pcm recorded = CorrectedStretch.of(sounds.example(id), WindowSpec.of(adapter)).audio();
      wanted.add(new Wanted(recorded, tools.hopFrames()));
    }
    return wanted;
  }

  /** Audio in which no class sounds; the same in every round. */
  private static List<Pcm> quiet(
      RefitTools tools, RoundPlan plan, RoundSounds sounds, int purpose) {
    return sounds.background(
        plan.background(),
        tools.settings().backgroundSeconds(),
        Seeds.mix(tools.settings().seed(), 22, purpose));
  }

  private static double context(Adapter adapter) {
    WindowSpec windows = WindowSpec.of(adapter);
    return (double) windows.samples() / windows.frontEnd().rateHz();
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
    Scenes scenes = new Scenes(plan, sounds, tools);
    List<Scenes.Composed> composed = scenes.olderScenes();
    List<CachedClip> embeddings =
        embedded(composed.stream().map(c -> c.scene().audio()).toList(), wideHop());
    for (int i = 0; i < embeddings.size(); i++) {
      olderScenes.add(new OlderScene(composed.get(i), embeddings.get(i)));
      sceneRows(composed.get(i).scene(), embeddings.get(i), composed.get(i).fold());
    }
    for (String id : plan.corrections()) {
      StoredExample e = sounds.example(id);
      if (judged(e).filter(start.labels()::contains).isPresent()) {
        List<Scene> alone = e.label().isPresent() ? scenes.alone(id, context(start)) : List.of();
        CorrectedStretch stretch = CorrectedStretch.of(e, WindowSpec.of(start));
        Labelled its =
            new Labelled(
                e,
                plan.fold(id),
                alone,
                embedded(alone),
                stretch,
                embedded(List.of(stretch.audio()), tools.hopFrames()).get(0));
        labelled.add(its);
        for (int i = 0; i < alone.size(); i++) {
          eventRows(its, alone.get(i).events().get(0), its.clips().get(i));
        }
        String label = judged(e).orElseThrow();
        eventRows(
            its,
            new LabelledEvent(label, stretch.onsetSeconds(), stretch.offsetSeconds()),
            its.recorded());
      }
    }
  }

  private static Optional<String> judged(StoredExample e) {
    return e.label().isPresent() ? e.label() : e.rejectedLabel();
  }

  private int wideHop() {
    return tools.wideHopFrames();
  }

  /** The first is scored as streams are; the others are only fitted on. */
  private List<CachedClip> embedded(List<Scene> alone) {
    List<Pcm> audio = alone.stream().map(Scene::audio).toList();
    int scored = Math.min(1, audio.size());
    List<CachedClip> all = new ArrayList<>(embedded(audio.subList(0, scored), tools.hopFrames()));
    all.addAll(embedded(audio.subList(scored, audio.size()), wideHop()));
    return all;
  }

  private List<CachedClip> embedded(List<Pcm> audio, int hopFrames) {
    List<CachedClip> all = cache.of(start, hopFrames, audio, this::goOn);
    for (int i = 0; i < all.size(); i++) {
      clips.put(audio.get(i), all.get(i));
    }
    return all;
  }

  private void goOn() {
    if (stopped.getAsBoolean()) {
      throw new TrainerException("stopped in a fit of the head, which begins anew");
    }
  }

  private void sceneRows(Scene scene, CachedClip clip, int fold) {
    for (int i = 0; i < clip.windows().size(); i++) {
      // Neighbours that overlap by seven eighths say little more than one of them.
      int every = Math.max(1, tools.settings().hopFrames() / clip.hopFrames());
      if (clip.windows().get(i).index() % every == 0) {
        float[] wanted = new float[targets.values()];
        float[] weights = weights(clip, i, scene.events(), wanted);
        for (int r = 0; r < weights.length; r++) {
          if (weights[r] > 0) {
            rows.add(new Row(clip.embeddings().get(i), r, row(wanted, r), fold, ""));
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
  private void eventRows(Labelled its, LabelledEvent event, CachedClip clip) {
    int at = start.labels().indexOf(event.label());
    for (int i = 0; i < clip.windows().size(); i++) {
      float[] wanted = new float[targets.values()];
      float[] weights = weights(clip, i, List.of(event), wanted);
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
    for (int s = 0; s < olderScenes.size(); s++) {
      Scenes.Composed composed = olderScenes.get(s).composed();
      List<LabelledEvent> events = composed.scene().events();
      for (int i = 0; i < events.size(); i++) {
        LabelledEvent e = events.get(i);
        trials.add(
            new Trial(
                "scene " + s + " event " + i,
                "scene " + s,
                e.label(),
                null,
                false,
                composed.fold(),
                composed.scene().audio(),
                e.onsetSeconds(),
                e.offsetSeconds()));
      }
    }
    for (Labelled l : labelled) {
      if (l.alone().isEmpty()) {
        trials.add(recorded(l));
      } else {
        Scene alone = l.alone().get(0);
        LabelledEvent e = alone.events().get(0);
        trials.add(trial(l, alone.audio(), e.onsetSeconds(), e.offsetSeconds()));
      }
    }
  }

  private static Trial recorded(Labelled l) {
    CorrectedStretch stretch = l.stretch();
    return trial(l, stretch.audio(), stretch.onsetSeconds(), stretch.offsetSeconds());
  }

  private static Trial trial(Labelled l, Pcm audio, double onsetSeconds, double offsetSeconds) {
    StoredExample e = l.example();
    String label = e.label().orElse(null);
    String rejected = e.rejectedLabel().orElse(null);
    return new Trial(
        e.id(), e.id(), label, rejected, true, l.fold(), audio, onsetSeconds, offsetSeconds);
  }

  private ClipDetections detections(Pcm audio, Adapter with) {
    CachedClip clip = Objects.requireNonNull(clips.get(audio), "embedded before");
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
    int[] its =
        IntStream.range(0, trials.size()).filter(t -> trials.get(t).fold() % 2 == half).toArray();
    List<Trial> ownTrials = IntStream.of(its).mapToObj(trials::get).toList();
    Map<Integer, Adapter> heads =
        IntStream.range(0, RoundPlan.FOLDS)
            .filter(f -> f % 2 == half)
            .boxed()
            .parallel()
            .collect(Collectors.toMap(f -> f, f -> fit.fitted(unlearned, labels, f)));
    Contradictions contradictions =
        new Contradictions(
            start.labels(),
            labels,
            ownTrials,
            IntStream.of(its).mapToObj(unfitted::get).toList(),
            SoundScorer.scores(
                ownTrials,
                start.labels(),
                (audio, fold) -> detections(audio, Objects.requireNonNull(heads.get(fold)))));
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
    List<Score> own = outOfFold(heads);
    Contradictions contradictions =
        new Contradictions(start.labels(), known, trials, unfitted, own);
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
    PairedPrecision paired = new PairedPrecision(paired(unfitted, outOfFold(fits), t -> true));
    List<String> worse = new ArrayList<>();
    for (String label : labels) {
      int index = start.labels().indexOf(label);
      if (known.contains(label) && paired.isWorse(label, index)) {
        worse.add(label);
      }
    }
    fits = fits.stream().map(f -> withRowsOfStart(f, worse)).toList();
  }

  private Adapter withRowsOfStart(Adapter fitted, List<String> labels) {
    float[] weight = fitted.tensor(WEIGHT).toArray();
    float[] bias = fitted.tensor(BIAS).toArray();
    float[] oldWeight = start.tensor(WEIGHT).toArray();
    float[] oldBias = start.tensor(BIAS).toArray();
    int width = start.shape().width();
    for (String label : labels) {
      int c = start.labels().indexOf(label);
      System.arraycopy(oldWeight, c * width, weight, c * width, width);
      bias[c] = oldBias[c];
    }
    Map<String, FloatTensor> tensors = new TreeMap<>(fitted.tensors());
    tensors.put(WEIGHT, FloatTensor.of(start.tensor(WEIGHT).shape(), weight));
    tensors.put(BIAS, FloatTensor.of(start.tensor(BIAS).shape(), bias));
    return AdapterFactory.of(tensors, fitted.metadata());
  }

  /**
   * Each scene is scored by the head that was fitted without its fold. Where the old row has
   * stayed, the threshold is chosen anew, too: the labels say something of it all the same.
   */
  private void chooseThresholds(List<String> labels) {
    SceneJudge judge = new SceneJudge(tools.model(start, tools.hopFrames()));
    for (OlderScene s : olderScenes) {
      HeadProduct head = HeadProduct.of(fits.get(s.composed().fold()));
      CachedClip its = s.clip();
      judge.add(s.composed().scene(), its.hopFrames(), its.windows(), its.posteriors(head));
    }
    Map<String, Integer> counts = sounds.counts(plan.examples());
    for (Labelled l : labelled) {
      if (!l.alone().isEmpty() && !doubted.contains(l.example().id())) {
        HeadProduct head = HeadProduct.of(fits.get(l.fold()));
        CachedClip its = l.clips().get(0);
        judge.add(l.alone().get(0), its.hopFrames(), its.windows(), its.posteriors(head));
      }
    }
    HeadProduct all = HeadProduct.of(last());
    for (CachedClip quiet : embedded(quiet(tools, plan, sounds, THRESHOLDS), wideHop())) {
      judge.addQuiet(quiet.hopFrames(), quiet.windows(), quiet.posteriors(all));
    }
    SortedMap<String, CalibratedPair> pairs =
        judge.calibrated(Collars.onset(COLLAR_SECONDS), labels);
    Map<String, Threshold> thresholds = SteadyThresholds.of(pairs, counts, start);
    if (!thresholds.isEmpty()) {
      fits = fits.stream().map(f -> AdapterFactory.withThresholds(f, thresholds)).toList();
    }
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
    List<Sound> paired = new ArrayList<>();
    for (int t = 0; t < trials.size(); t++) {
      Trial trial = trials.get(t);
      if (counts.test(t) && !doubted.contains(trial.id())) {
        paired.add(
            new Sound(
                trial.id(),
                trial.cluster(),
                trial.label(),
                trial.rejected(),
                trial.fromLabel(),
                before.get(t),
                after.get(t)));
      }
    }
    return paired;
  }

  /** Events on background. */
  int falseAlarms(Adapter with) {
    List<Pcm> quiet = quiet(tools, plan, sounds, JUDGEMENT);
    embedded(quiet, wideHop());
    return quiet.stream().mapToInt(audio -> detections(audio, with).events().size()).sum();
  }

  /** Seconds of that background. */
  double quietSeconds() {
    return quiet(tools, plan, sounds, JUDGEMENT).stream().mapToDouble(Pcm::seconds).sum();
  }

  /** What an adapter of this body makes of each labelled sound where it was recorded. */
  List<Score> corrections(Adapter with) {
    List<Trial> recorded = labelled.stream().map(HeadRefit::recorded).toList();
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

  /**
   * A stretch that somebody has corrected, with as much around it as windows that touch it can see.
   *
   * @param onsetSeconds and {@code offsetSeconds}: from the start of {@code audio}
   */
  private record CorrectedStretch(Pcm audio, double onsetSeconds, double offsetSeconds) {
    static CorrectedStretch of(StoredExample example, WindowSpec windows) {
      StoredAudio stored = example.heldAudio();
      double context = (double) windows.samples() / windows.frontEnd().rateHz();
      double from = Math.max(0, stored.onsetSeconds() - context);
      Pcm pcm = part(stored.read(), from, stored.offsetSeconds() + context);
      return new CorrectedStretch(pcm, stored.onsetSeconds() - from, stored.offsetSeconds() - from);
    }

    private static Pcm part(Pcm pcm, double fromSeconds, double untilSeconds) {
      int from = (int) (fromSeconds * pcm.rateHz());
      int until = (int) Math.min(pcm.lengthSamples(), Math.ceil(untilSeconds * pcm.rateHz()));
      return new Pcm(pcm.rateHz(), Arrays.copyOfRange(pcm.samples(), from, until));
    }
  }
}
