package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.HeadGrowth;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Augmentation;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.example.FixedExamples;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.fit.CheckpointFile;
import dev.lookaside.trainer.fit.FitProgress;
import dev.lookaside.trainer.fit.FitSettings;
import dev.lookaside.trainer.fit.ModelFit;
import dev.lookaside.trainer.fit.Moves;
import dev.lookaside.trainer.fit.OptimizerSettings;
import dev.lookaside.trainer.fit.Order;
import dev.lookaside.trainer.fit.Schedule;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateSettings;
import dev.lookaside.trainer.gradient.Loss;
import dev.lookaside.trainer.head.KeptEmbeddings;
import dev.lookaside.trainer.judge.SceneJudge;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fit and the judgement of one round: a function of plan, sounds and incumbent, so that it may
 * be done again. For one thread; any may {@link #stop} the fit.
 */
final class Refit {
  private static final Logger LOG = LoggerFactory.getLogger(Refit.class);
  private static final int CHECKPOINT_STEPS = 20;

  /** A fit of the head takes seconds, of which writing checkpoints would be a good part. */
  private static final int HEAD_CHECKPOINT_STEPS = 500;

  private static final double COLLAR_SECONDS = 0.2;
  private static final int BATCH = 16;
  private static final double WEIGHT_DECAY = 1e-4;

  /**
   * What all rounds of a trainer share.
   *
   * @param hopFrames from one window to the next, as streams have them
   * @param detect how streams are decoded
   * @param where fits and scores run
   */
  record Tools(
      Backbone backbone,
      int hopFrames,
      DetectSettings detect,
      ScorerSettings where,
      RefitSettings settings,
      GateSettings gate) {
    DetectorModel model(Adapter adapter) {
      return DetectorModel.of(backbone, adapter, hopFrames, detect);
    }
  }

  private final Tools tools;
  private final Round round;
  private final RoundPlan plan;
  private final RoundSounds sounds;
  private final Adapter incumbent;
  private final KeptEmbeddings kept;
  private final StandingScenes standing;

  /** Of the head alone, on what is kept: what stands is judged on, the same in every round. */
  private final boolean quick;

  private final long seed;
  private final Judgement judgement;
  private volatile boolean stopped;
  private volatile @Nullable ModelFit running;

  /**
   * @param kept of rounds before; stays the caller's to close
   * @param standing of rounds before
   */
  Refit(
      Tools tools,
      Round round,
      RoundPlan plan,
      RoundSounds sounds,
      Adapter incumbent,
      KeptEmbeddings kept,
      StandingScenes standing) {
    this.tools = tools;
    this.round = round;
    this.plan = plan;
    this.sounds = sounds;
    this.incumbent = incumbent;
    this.kept = kept;
    this.standing = standing;
    this.quick = round.kind() == Round.Kind.HEAD && HeadRefit.fits(incumbent);
    this.seed = seed(tools, round);
    this.judgement =
        new Judgement(tools, round, plan, sounds, incumbent, kept, standing, quick, this::goOn);
  }

  static long seed(Tools tools, Round round) {
    return Seeds.mix(tools.settings().seed(), round.number());
  }

  /**
   * Fits, or goes on from the checkpoints; classes that labels speak of get thresholds chosen on
   * held-out scenes. The adapter's file says what it was made from, see {@link Provenance}.
   *
   * @param headCheckpoint of the fit of the head that comes before that of the whole adapter where
   *     there are new classes
   * @throws TrainerException if it cannot be fitted, or was stopped
   */
  Adapter fit(CheckpointFile checkpoint, CheckpointFile headCheckpoint, FitProgress progress) {
    Adapter start = HeadGrowth.grown(incumbent, plan.added());
    boolean full = round.kind() == Round.Kind.FULL;
    if (quick) {
      return new Provenance(plan, sounds).in(quick(start), round);
    }
    if (full && !plan.added().isEmpty()) {
      // Rows that say nothing yet would take the small steps of the whole adapter too long to rise.
      start =
          HeadRefit.fits(start)
              ? quick(start)
              : fitted(start, Moves.HEAD, headCheckpoint, progress);
    }
    Adapter fitted = fitted(start, full ? Moves.ADAPTER : Moves.HEAD, checkpoint, progress);
    return new Provenance(plan, sounds).in(calibrated(fitted), round);
  }

  /** The head alone, with thresholds. Takes seconds and needs no checkpoint: it is done again. */
  private Adapter quick(Adapter start) {
    long begin = System.nanoTime();
    long before = kept.computed();
    HeadRefit head = new HeadRefit(tools, kept, standing, plan, sounds, start, () -> stopped);
    head.hear();
    said(
        "heard %d windows, %d of them new,".formatted(head.windows(), kept.computed() - before),
        begin);
    begin = System.nanoTime();
    Adapter fitted = head.fitted();
    said("fitted head on %d rows".formatted(head.examples().size()), begin);
    begin = System.nanoTime();
    Adapter calibrated = withThresholds(fitted, head.thresholds(fitted, plan.corrected()));
    said("chose thresholds of the head", begin);
    return calibrated;
  }

  private Adapter fitted(
      Adapter start, Moves moves, CheckpointFile checkpoint, FitProgress progress) {
    long begin = System.nanoTime();
    boolean head = moves == Moves.HEAD;
    RefitSettings.How how = head ? tools.settings().head() : tools.settings().full();
    ExampleSource examples = examples(start, how);
    try (ModelFit fit =
        new ModelFit(
            tools.backbone(),
            start,
            moves,
            Loss.of(start.activation()),
            settings(how, head ? HEAD_CHECKPOINT_STEPS : CHECKPOINT_STEPS),
            head ? new FixedExamples(examples) : examples,
            checkpoint,
            progress,
            tools.where())) {
      running = fit;
      if (stopped) {
        fit.stop();
      }
      fit.run(true);
      said("fitted " + moves.name().toLowerCase(Locale.ROOT), begin);
      return fit.adapter(tools.backbone().digest(), Optional.of(incumbent.digest()));
    } finally {
      running = null;
    }
  }

  /**
   * Ends {@link #fit} after the current step, with a checkpoint, and {@link #judge} after the
   * current scene.
   */
  void stop() {
    stopped = true;
    ModelFit fit = running;
    if (fit != null) {
      fit.stop();
    }
  }

  private void goOn() {
    if (stopped) {
      throw new TrainerException("stopped");
    }
  }

  private ExampleSource examples(Adapter start, RefitSettings.How how) {
    RefitSettings s = tools.settings();
    return new SceneExamples(
        sounds.clips(plan.train(), start.labels()),
        sounds.unlabelled(plan.unlabelled(), Seeds.mix(seed, 1)),
        WindowSpec.of(start),
        start.columns() > 1,
        new SceneExamples.Plan(
            how.scenes(), s.scenes(), s.hopFrames(), s.speeds(), Seeds.mix(seed, 2)),
        Augmentation.NONE);
  }

  private FitSettings settings(RefitSettings.How how, int checkpointSteps) {
    return new FitSettings(
        OptimizerSettings.adamW(WEIGHT_DECAY),
        Schedule.of("cosine", 0, 0),
        how.learningRate(),
        how.epochs(),
        tools.settings().batchSize(),
        1,
        1,
        Order.SHUFFLED,
        Seeds.mix(seed, 3),
        checkpointSteps);
  }

  /** Thresholds of the corrected classes where F1 on held-out scenes is greatest. */
  private Adapter calibrated(Adapter fitted) {
    if (plan.corrected().isEmpty()) {
      return fitted;
    }
    DetectorModel model = tools.model(fitted);
    long begin = System.nanoTime();
    SceneJudge judge = new SceneJudge(model);
    try (Scorer scorer = Scorer.open(tools.backbone(), fitted, tools.where())) {
      for (Scene scene : judgement.scenes(4)) {
        goOn();
        judge.add(scene, scorer, BATCH);
      }
      for (Pcm quiet : judgement.background(8)) {
        judge.addQuiet(quiet, scorer, BATCH);
      }
    }
    SortedMap<String, CalibratedPair> pairs =
        judge.calibrated(Collars.onset(COLLAR_SECONDS), plan.corrected());
    said("chose thresholds", begin);
    // Not drawn towards those before: posteriors of another body lie elsewhere.
    Map<String, Threshold> thresholds = new TreeMap<>();
    pairs.forEach((label, pair) -> thresholds.put(label, new Threshold(pair.on(), pair.off())));
    return withThresholds(fitted, thresholds);
  }

  private Adapter withThresholds(Adapter fitted, Map<String, Threshold> thresholds) {
    if (thresholds.isEmpty()) {
      return fitted;
    }
    Adapter changed = AdapterFactory.withThresholds(fitted, thresholds);
    TreeMap<String, String> metadata = new TreeMap<>(changed.metadata());
    metadata.put("parent", incumbent.digest());
    return AdapterFactory.of(changed.tensors(), metadata);
  }

  private void said(String what, long beginNanos) {
    LOG.info("Round {}: {} in {} s", round.name(), what, (System.nanoTime() - beginNanos) * 1e-9);
  }

  /**
   * As {@link Judgement#report}.
   *
   * @throws TrainerException if it was stopped
   */
  GateReport judge(Adapter candidate) {
    long begin = System.nanoTime();
    GateReport report = judgement.report(candidate);
    said("judged", begin);
    return report;
  }
}
