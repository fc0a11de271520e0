package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.WindowMark;
import dev.lookaside.classifier.infer.HeadProduct;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Targets;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.gradient.Loss;
import dev.lookaside.trainer.head.HeadExamples;
import dev.lookaside.trainer.head.HeadFit;
import dev.lookaside.trainer.head.KeptClip;
import dev.lookaside.trainer.head.KeptEmbeddings;
import dev.lookaside.trainer.judge.SceneJudge;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * The quick fit of a round: the head alone, on embeddings that are kept from round to round, and
 * thresholds of the corrected classes that no sound was fitted for. For one thread.
 */
final class HeadRefit {
  private static final double COLLAR_SECONDS = 0.2;

  private record Heard(HeadScenes.Laid laid, KeptClip clip) {}

  private final Refit.Tools tools;
  private final KeptEmbeddings kept;
  private final StandingScenes standing;
  private final RoundPlan plan;
  private final RoundSounds sounds;
  private final Adapter start;
  private final BooleanSupplier stopped;
  private final Targets targets;
  private final DetectorModel windows;
  private final List<Heard> scenes = new ArrayList<>();
  private final HeadExamples examples;
  private int heard;

  /**
   * @param start the incumbent, with rows for new classes
   */
  HeadRefit(
      Refit.Tools tools,
      KeptEmbeddings kept,
      StandingScenes standing,
      RoundPlan plan,
      RoundSounds sounds,
      Adapter start,
      BooleanSupplier stopped) {
    this.tools = tools;
    this.kept = kept;
    this.standing = standing;
    this.plan = plan;
    this.sounds = sounds;
    this.start = start;
    this.stopped = stopped;
    this.targets = new Targets(WindowSpec.of(start), start.columns() > 1, start.labels().size());
    this.windows = DetectorModel.of(tools.backbone(), start, tools.hopFrames(), tools.detect());
    this.examples = new HeadExamples(start.labels().size(), start.shape().width());
  }

  /** Whether an adapter can be fitted so: rows of a softmax depend on each other. */
  static boolean fits(Adapter adapter) {
    return adapter.activation() == Activation.SIGMOID;
  }

  /** Lays the scenes and hears them, as far as that is not kept. */
  void hear() {
    RefitSettings s = tools.settings();
    HeadScenes lay = HeadScenes.toFit(sounds, s);
    List<HeadScenes.Laid> laid = new ArrayList<>(standing.toFit(plan, sounds, s));
    laid.addAll(lay.fresh(plan.train(), plan.unlabelled(), plan.corrected(), s.freshScenes()));
    List<KeptClip> clips = hear(laid.stream().map(one -> one.scene().audio()).toList());
    for (int i = 0; i < clips.size(); i++) {
      scene(laid.get(i), clips.get(i));
    }
    Map<String, Integer> folds = lay.dealt(plan.train());
    List<StoredExample> corrections =
        plan.corrections().stream().filter(this::isToFit).map(sounds::example).toList();
    List<CorrectedStretch> stretches =
        corrections.stream().map(e -> CorrectedStretch.of(e, WindowSpec.of(start))).toList();
    List<KeptClip> cut = hear(stretches.stream().map(CorrectedStretch::audio).toList());
    for (int i = 0; i < cut.size(); i++) {
      StoredExample e = corrections.get(i);
      correction(e, stretches.get(i), cut.get(i), folds.getOrDefault(e.id(), 0));
    }
  }

  private boolean isToFit(String id) {
    return (plan.train().contains(id) || plan.unlabelled().contains(id))
        && judged(sounds.example(id)).filter(start.labels()::contains).isPresent();
  }

  private static Optional<String> judged(StoredExample e) {
    return e.label().isPresent() ? e.label() : e.rejectedLabel();
  }

  private List<KeptClip> hear(List<Pcm> audio) {
    return kept.of(start, tools.hopFrames(), audio, this::goOn);
  }

  private void goOn() {
    if (stopped.getAsBoolean()) {
      throw new TrainerException("stopped in a fit of the head, which begins anew");
    }
  }

  private void scene(HeadScenes.Laid laid, KeptClip clip) {
    List<WindowMark> all = clip.windows();
    heard += all.size();
    scenes.add(new Heard(laid, clip));
    for (int i = 0; i < all.size(); i++) {
      if (isFitted(all.get(i))) {
        float[] wanted = new float[targets.values()];
        float[] weights = weights(all.get(i), laid.scene().events(), wanted);
        for (int r = 0; r < weights.length; r++) {
          if (weights[r] > 0) {
            examples.add(clip.embeddings().get(i), r, row(wanted, r), laid.fold());
          }
        }
      }
    }
  }

  /** Neighbours that overlap by seven eighths say little more than one of them. */
  private boolean isFitted(WindowMark window) {
    int every = Math.max(1, tools.settings().hopFrames() / tools.hopFrames());
    return window.index() % every == 0;
  }

  private float[] weights(WindowMark window, List<LabelledEvent> events, float[] wanted) {
    float[] weights = new float[targets.rows()];
    int from = Math.toIntExact(window.index() * tools.hopFrames());
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

  /** The stretch itself, where it was heard: of what sounds around it nothing is known. */
  private void correction(StoredExample e, CorrectedStretch stretch, KeptClip clip, int fold) {
    String label = judged(e).orElseThrow();
    int at = start.labels().indexOf(label);
    LabelledEvent event = new LabelledEvent(label, stretch.onsetSeconds(), stretch.offsetSeconds());
    List<WindowMark> all = clip.windows();
    heard += all.size();
    for (int i = 0; i < all.size(); i++) {
      float[] wanted = new float[targets.values()];
      float[] weights = weights(all.get(i), List.of(event), wanted);
      for (int r = 0; r < weights.length; r++) {
        float[] row = row(wanted, r);
        if (weights[r] > 0 && row[at] == 1) {
          if (e.label().isEmpty()) {
            Arrays.fill(row, HeadExamples.UNKNOWN);
            row[at] = 0;
          }
          examples.add(clip.embeddings().get(i), r, row, fold);
        }
      }
    }
  }

  /** The fitted head, the thresholds as they were; its parent is the incumbent. */
  Adapter fitted() {
    Adapter fitted = fit().fitted(start, start.labels(), -1);
    TreeMap<String, String> metadata = new TreeMap<>(fitted.metadata());
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
        .put("examples", examples.size());
    metadata.put("report", report.toString());
    return AdapterFactory.of(fitted.tensors(), metadata);
  }

  private HeadFit fit() {
    return new HeadFit(examples, tools.settings().headPull(), stopped);
  }

  /** Thresholds of these: each scene is heard with a head that was fitted without its fold. */
  Map<String, Threshold> thresholds(Adapter fitted, List<String> labels) {
    SceneJudge judge = new SceneJudge(windows);
    HeadFit fit = fit();
    List<HeadProduct> without =
        IntStream.range(0, HeadScenes.FOLDS)
            .parallel()
            .mapToObj(f -> HeadProduct.of(fit.fitted(start, labels, f)))
            .toList();
    for (Heard scene : scenes) {
      HeadProduct head = without.get(scene.laid().fold());
      judge.add(scene.laid().scene(), scene.clip().windows(), scene.clip().posteriors(head));
    }
    HeadProduct head = HeadProduct.of(fitted);
    for (KeptClip quiet :
        hear(HeadScenes.quiet(plan, sounds, tools.settings(), HeadScenes.Quiet.THRESHOLDS))) {
      judge.addQuiet(quiet.windows(), quiet.posteriors(head));
    }
    SortedMap<String, CalibratedPair> pairs =
        judge.calibrated(Collars.onset(COLLAR_SECONDS), labels);
    return SteadyThresholds.of(pairs, sounds.counts(plan.train()), start);
  }

  /** Windows that were heard. */
  int windows() {
    return heard;
  }

  HeadExamples examples() {
    return examples;
  }
}
