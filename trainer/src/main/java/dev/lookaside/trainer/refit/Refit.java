package dev.lookaside.trainer.refit;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.HeadGrowth;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.example.Augmentation;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.fit.CheckpointFile;
import dev.lookaside.trainer.fit.FitProgress;
import dev.lookaside.trainer.fit.FitSettings;
import dev.lookaside.trainer.fit.ModelFit;
import dev.lookaside.trainer.fit.OptimizerSettings;
import dev.lookaside.trainer.fit.Order;
import dev.lookaside.trainer.fit.Schedule;
import dev.lookaside.trainer.fit.TrainableWeights;
import dev.lookaside.trainer.gate.Evidence;
import dev.lookaside.trainer.gate.Evidence.Background;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.gate.Evidence.Sound;
import dev.lookaside.trainer.gate.Gate;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.gradient.Loss;
import dev.lookaside.trainer.head.EmbeddingCache;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fit and the judgement of one round: a function of plan, sounds and adapters, so that it may
 * be done again.
 *
 * <pre>
 *   head   convex fits on the incumbent's body; judged on all sounds, each by the fit without it
 *   full   the body is fitted without one fold, its mean with the incumbent's is the new one, and a
 *          head is fitted on it as above; judged on that fold, against a head on the incumbent's
 *          body that was fitted without the same fold
 * </pre>
 *
 * <p>For one thread; any may {@link #stop} it.
 */
public final class Refit {
  private static final Logger LOG = LoggerFactory.getLogger(Refit.class);
  private static final int CHECKPOINT_STEPS = 20;
  private static final double WEIGHT_DECAY = 1e-4;

  private final RefitTools tools;
  private final Round round;
  private final RoundPlan plan;
  private final RoundSounds sounds;
  private final Adapter incumbent;
  private final Adapter base;
  private final EmbeddingCache cache;
  private final long seed;
  private volatile boolean stopped;
  private volatile @Nullable ModelFit running;
  private @Nullable HeadRefit head;
  private @Nullable HeadRefit own;

  /**
   * @param incumbent in force now
   * @param base the adapter that the incumbent's head was fitted from, if that knows nothing of the
   *     newest labels and has the same body; else the incumbent
   * @param cache embeddings of rounds before; stays the caller's to close
   */
  public Refit(
      RefitTools tools,
      Round round,
      RoundPlan plan,
      RoundSounds sounds,
      Adapter incumbent,
      Adapter base,
      EmbeddingCache cache) {
    this.tools = tools;
    this.round = round;
    this.plan = plan;
    this.sounds = sounds;
    this.incumbent = incumbent;
    this.base = base;
    this.cache = cache;
    this.seed = Seeds.mix(tools.settings().seed(), round.number());
  }

  /**
   * Fits, or goes on from the checkpoint. The adapter's file says what it was made from, see {@link
   * Provenance}.
   *
   * @throws TrainerException if it cannot be fitted, or was stopped
   */
  public Adapter fit(CheckpointFile checkpoint, FitProgress progress) {
    HeadRefit onIncumbent = headOnIncumbent();
    HeadRefit last = onIncumbent;
    if (round.kind() == Round.Kind.FULL) {
      Adapter body = body(onIncumbent, checkpoint, progress);
      last = headOn(body, onIncumbent.doubted());
    }
    own = last;
    return new Provenance(plan.without(onIncumbent.doubted()), sounds).in(last.fitted(), round);
  }

  private HeadRefit headOnIncumbent() {
    HeadRefit known = head;
    if (known != null) {
      return known;
    }
    long begin = System.nanoTime();
    long before = cache.computed();
    Adapter from = round.kind() == Round.Kind.FULL ? base : incumbent;
    List<String> added = new ArrayList<>(incumbent.labels());
    added.removeAll(from.labels());
    plan.added().stream().filter(l -> !added.contains(l)).forEach(added::add);
    HeadRefit fitted =
        new HeadRefit(
            tools,
            cache,
            plan,
            sounds,
            HeadGrowth.grown(from, added),
            new HashSet<>(from.labels()),
            () -> stopped);
    fitted.fit();
    logSeconds("fitted heads, %d windows embedded,".formatted(cache.computed() - before), begin);
    head = fitted;
    return fitted;
  }

  private HeadRefit headOn(Adapter body, Set<String> doubted) {
    long begin = System.nanoTime();
    HeadRefit fitted =
        new HeadRefit(
            tools, cache, plan, sounds, body, new HashSet<>(body.labels()), () -> stopped);
    fitted.fitAll(doubted);
    logSeconds("fitted heads on the new body", begin);
    return fitted;
  }

  private Adapter body(HeadRefit onIncumbent, CheckpointFile checkpoint, FitProgress progress) {
    long begin = System.nanoTime();
    Adapter start = onIncumbent.without(RoundPlan.LEFT_OUT);
    List<String> fitted = plan.without(onIncumbent.doubted()).examples(false);
    try (ModelFit fit =
        new ModelFit(
            tools.backbone(),
            start,
            TrainableWeights.ADAPTER,
            Loss.of(start.activation()),
            fitSettings(),
            new SceneExamples(
                sounds.clips(fitted, start.labels()),
                sounds.unlabelled(plan.unlabelled(), Seeds.mix(seed, 1)),
                WindowSpec.of(start),
                start.columns() > 1,
                scenePlan(),
                Augmentation.NONE),
            checkpoint,
            progress,
            tools.where())) {
      running = fit;
      if (stopped) {
        fit.stop();
      }
      fit.run(true);
      logSeconds("fitted the whole adapter", begin);
      // Half of the way has learned most of the new and forgotten little of the old (Wortsman et
      // al., Robust fine-tuning of zero-shot models, arXiv 2109.01903).
      return AdapterFactory.mean(
          List.of(start, fit.adapter(tools.backbone().digest(), Optional.of(incumbent.digest()))));
    } finally {
      running = null;
    }
  }

  private FitSettings fitSettings() {
    return new FitSettings(
        OptimizerSettings.adamW(WEIGHT_DECAY),
        Schedule.of("cosine", 0, 0),
        tools.settings().full().learningRate(),
        tools.settings().full().epochs(),
        tools.settings().batchSize(),
        1,
        1,
        Order.SHUFFLED,
        Seeds.mix(seed, 3),
        CHECKPOINT_STEPS);
  }

  private SceneExamples.Plan scenePlan() {
    return new SceneExamples.Plan(
        tools.settings().full().scenes(),
        tools.settings().scenes(),
        tools.settings().hopFrames(),
        tools.settings().speeds(),
        Seeds.mix(seed, 2));
  }

  /**
   * Ends {@link #fit} after the current step, with a checkpoint, or {@link #judge} after the
   * current clip.
   */
  public void stop() {
    stopped = true;
    ModelFit fit = running;
    if (fit != null) {
      fit.stop();
    }
  }

  private void logSeconds(String what, long beginNanos) {
    double seconds = (System.nanoTime() - beginNanos) * 1e-9;
    LOG.info("Round {}: {} in {} s", round.name(), what, Math.round(10 * seconds) / 10.0);
  }

  /**
   * Lets the gate decide.
   *
   * @param candidate what {@link #fit} made, here or before a restart
   * @throws TrainerException if it was stopped
   */
  public GateReport judge(Adapter candidate) {
    HeadRefit before = headOnIncumbent();
    HeadRefit after = own;
    if (after == null) {
      // After a restart: the head is fitted again to see what it makes of what it has not seen.
      after = round.kind() == Round.Kind.FULL ? headOn(candidate, before.doubted()) : before;
      own = after;
    }
    long begin = System.nanoTime();
    List<Sound> evidence =
        round.kind() == Round.Kind.FULL ? after.evidence(before) : before.evidence();
    List<StoredExample> sampled =
        sounds.sampled(plan.background(), tools.settings().backgroundSeconds());
    int streams = (int) sampled.stream().map(StoredExample::stream).distinct().count();
    Background background =
        new Background(
            after.quietSeconds(),
            sampled.stream().mapToDouble(e -> e.heldAudio().seconds()).sum(),
            streams,
            before.falseAlarms(incumbent),
            after.falseAlarms(candidate));
    GateReport report =
        Gate.judge(
            new Evidence(
                incumbent.digest(),
                candidate.digest(),
                candidate.labels(),
                Set.copyOf(incumbent.labels()),
                Set.copyOf(plan.corrected()),
                evidence,
                background),
            before.doubtables(),
            before.trust(),
            tools.gate());
    logSeconds("judged", begin);
    return report.withCorrections(corrections(before, after, candidate)).withLearned(learned());
  }

  private List<CorrectionChange> corrections(HeadRefit before, HeadRefit after, Adapter candidate) {
    List<Score> old = before.corrections(incumbent);
    List<Score> now = after.corrections(candidate);
    List<CorrectionChange> changes = new ArrayList<>();
    for (int i = 0; i < old.size(); i++) {
      StoredExample e = before.labelled().get(i);
      boolean wanted = e.label().isPresent();
      String judged = Objects.requireNonNull(e.label().or(e::rejectedLabel).orElse(null), e.id());
      changes.add(
          new CorrectionChange(
              e.id(),
              wanted ? judged : "not " + judged,
              old.get(i).detected().contains(judged) == wanted,
              now.get(i).detected().contains(judged) == wanted,
              before.doubted().contains(e.id()),
              old.get(i).detectedClasses(),
              now.get(i).detectedClasses()));
    }
    return changes;
  }

  /** The labels behind the examples of this round. */
  private Learned learned() {
    Set<String> doubted = headOnIncumbent().doubted();
    List<Learned.Use> uses =
        Stream.of(plan.examples(), plan.unlabelled(), plan.corrections())
            .flatMap(List::stream)
            .distinct()
            .map(sounds::example)
            .filter(e -> e.labelId().isPresent())
            .sorted(Comparator.comparingLong(StoredExample::number).reversed())
            .map(e -> new Learned.Use(e.id(), !doubted.contains(e.id())))
            .collect(Collectors.toList());
    return Learned.of(uses, Learned.LABELS_MAX);
  }
}
