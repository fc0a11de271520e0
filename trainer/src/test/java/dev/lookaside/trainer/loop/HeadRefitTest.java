package dev.lookaside.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadGrowth;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.fit.CheckpointFile;
import dev.lookaside.trainer.fit.FitProgress;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateSettings;
import dev.lookaside.trainer.head.KeptEmbeddings;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Seed;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.store.StoredExample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rounds of the head with a small model that has not learned anything, and tones. */
class HeadRefitTest {
  private static final int RATE_HZ = 16_000;
  private static final ViTSpec VIT = new ViTSpec(8, 2, 2, 12, 2, 8, 2, 1e-6f);
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 8);
  private static final Config CONFIG =
      ConfigFactory.parseString(
              """
              lookaside.trainer {
                head { scenes = 4, fresh-scenes = 6, pull = 1e-4 }
                judge { head-scenes = 2, fresh-scenes = 2, quiet-seconds = 2 }
                scenes { seconds = 8, speeds = [0.9, 1] }
                fit.hop-frames = 16
              }
              """)
          .withFallback(ConfigFactory.load())
          .resolve();

  @TempDir private Path folder;
  private ExampleStore store;
  private Backbone backbone;
  private Adapter incumbent;

  @BeforeEach
  void fill() {
    Path file = folder.resolve("backbone.safetensors");
    SafetensorsWriter.write(
        file, RandomBackbone.tensors(VIT, 1, 0, 5), Map.of("heads", "2", "grid", "8x2"));
    backbone = Backbone.load(file);
    incumbent =
        AdapterFactory.random(
            VIT,
            new AdapterFactory.Meaning(
                List.of("low", "middle"),
                Activation.SIGMOID,
                HeadKind.COLUMNS,
                FrontEnd.AST_FBANK,
                32,
                -4,
                4),
            Optional.of(new Bottleneck(Kernel.TIME, 3)),
            Optional.empty(),
            6);
    store =
        ExampleStore.open(folder.resolve("store"), StoreSettings.of(CONFIG, FrontEnd.AST_FBANK));
    for (int i = 0; i < 6; i++) {
      Split split = i < 4 ? Split.TRAIN : Split.HELD_OUT;
      put("low", i, 200 + 10 * i, split);
      put("middle", i, 1_000 + 30 * i, split);
      put("high", i, 4_000 + 90 * i, split);
    }
  }

  @AfterEach
  void close() {
    store.close();
  }

  private void put(String label, int number, double hz, Split split) {
    RandomGenerator random = SeededRandom.of(number);
    float[] samples = new float[RATE_HZ * 3 / 5];
    for (int i = 0; i < samples.length; i++) {
      samples[i] =
          (float) (.3 * Math.sin(2 * Math.PI * hz * i / RATE_HZ) + .01 * random.nextGaussian());
    }
    Pcm pcm = new Pcm(RATE_HZ, samples);
    store.putSeed(
        new Seed(
            Optional.of(label), label + number, pcm, 0, pcm.seconds(), Optional.of(split), "seed"));
  }

  private List<StoredExample> examples() {
    List<StoredExample> all = new ArrayList<>(store.usable(Split.TRAIN));
    all.addAll(store.usable(Split.HELD_OUT));
    return all;
  }

  private static RefitSettings settings() {
    return RefitSettings.of(CONFIG);
  }

  private Refit.Tools tools() {
    return new Refit.Tools(
        backbone,
        16,
        DetectSettings.of(CONFIG.getConfig("lookaside.classifier.detect")),
        CPU,
        settings(),
        GateSettings.of(CONFIG));
  }

  private RoundSounds sounds() {
    return new RoundSounds(examples(), store.frontEnd(), settings());
  }

  private RoundPlan plan() {
    RoundPlan plan =
        RoundPlan.choose(
            examples(),
            incumbent.digest(),
            incumbent.labels(),
            settings(),
            Lent.none(1),
            settings().seed());
    // As if people had named it.
    return new RoundPlan(
        plan.incumbent(),
        plan.added(),
        List.of("high"),
        plan.train(),
        plan.unlabelled(),
        plan.heldOut(),
        plan.background(),
        plan.corrections(),
        plan.notes());
  }

  private Refit refit(long number, KeptEmbeddings kept) {
    Round round = new Round(number, Round.Kind.HEAD, "5 new labels", null, false, 5, 0);
    return new Refit(tools(), round, plan(), sounds(), incumbent, kept, new StandingScenes(0));
  }

  private Adapter fitted(long number, KeptEmbeddings kept) {
    return fitted(refit(number, kept));
  }

  private Adapter fitted(Refit round) {
    FitProgress silent =
        new FitProgress() {
          @Override
          public void begun(long stepsDone) {}

          @Override
          public void stepped(Step step) {}
        };
    return round.fit(
        new CheckpointFile(folder.resolve("checkpoint")),
        new CheckpointFile(folder.resolve("head-checkpoint")),
        silent);
  }

  @Test
  void theSameBytesWhetherKeptOrNotAndWhatStandsIsHeardOnce() {
    Adapter unkept;
    GateReport report;
    try (KeptEmbeddings none = new KeptEmbeddings(backbone, CPU, 0)) {
      unkept = fitted(1, none);
      report = refit(1, none).judge(unkept);
    }
    assertThat(unkept.labels()).containsExactly("low", "middle", "high");
    assertThat(unkept.thresholds()).containsKey("high");
    assertThat(unkept.metadata()).containsEntry("parent", incumbent.digest());
    try (KeptEmbeddings kept = new KeptEmbeddings(backbone, CPU, 64 << 20)) {
      Anticipation ahead =
          Anticipation.of(
              tools(),
              kept,
              new StandingScenes(16 << 20),
              new Anticipation.Next(examples(), sounds(), Lent.none(1), e -> false, incumbent),
              false,
              true);
      while (!ahead.done()) {
        ahead.step();
      }
      long before = kept.computed();
      assertThat(before).isPositive();
      Adapter first = fitted(1, kept);
      assertThat(first.digest()).as("heard in advance").isEqualTo(unkept.digest());
      long fresh = kept.computed() - before;
      assertThat(fresh).as("fresh scenes alone").isPositive().isLessThan(before);
      assertThat(refit(1, kept).judge(first)).isEqualTo(report);

      long all = kept.computed();
      assertThat(fitted(1, kept).digest()).as("all kept").isEqualTo(unkept.digest());
      assertThat(kept.computed()).isEqualTo(all);
    }
  }

  @Test
  void onceLabelsAreEnoughNothingIsLeftToHear() {
    List<StoredExample> labelled = examples().stream().map(HeadRefitTest::asLabelled).toList();
    RoundSounds sounds = new RoundSounds(labelled, store.frontEnd(), settings());
    RoundPlan plan =
        RoundPlan.choose(
            labelled,
            incumbent.digest(),
            incumbent.labels(),
            settings(),
            Lent.none(1),
            settings().seed());
    assertThat(plan.corrected()).containsExactly("high");
    StandingScenes standing = new StandingScenes(16 << 20);
    try (KeptEmbeddings kept = new KeptEmbeddings(backbone, CPU, 64 << 20)) {
      Anticipation ahead =
          Anticipation.of(
              tools(),
              kept,
              standing,
              new Anticipation.Next(labelled, sounds, Lent.none(1), e -> false, incumbent),
              true,
              true);
      while (!ahead.done()) {
        ahead.step();
      }
      long before = kept.computed();
      Round round = new Round(3, Round.Kind.HEAD, "5 new labels", null, false, 5, 0);
      Refit refit = new Refit(tools(), round, plan, sounds, incumbent, kept, standing);
      refit.judge(fitted(refit));
      assertThat(kept.computed()).isEqualTo(before);
    }
  }

  @Test
  void aRehearsalHearsNothingMore() {
    Adapter knowing = HeadGrowth.grown(incumbent, List.of("high"));
    long[] computed = new long[2];
    for (int i = 0; i < computed.length; i++) {
      try (KeptEmbeddings kept = new KeptEmbeddings(backbone, CPU, 64 << 20)) {
        Anticipation ahead =
            Anticipation.of(
                tools(),
                kept,
                new StandingScenes(16 << 20),
                new Anticipation.Next(examples(), sounds(), Lent.none(1), e -> false, knowing),
                false,
                i == 1);
        int pieces = 0;
        for (; !ahead.done(); pieces++) {
          ahead.step();
        }
        assertThat(pieces).isPositive();
        computed[i] = kept.computed();
      }
    }
    assertThat(computed[1]).isEqualTo(computed[0]);
  }

  /** What is called high, as if people had said so. */
  private static StoredExample asLabelled(StoredExample e) {
    return e.label().equals(Optional.of("high"))
        ? new StoredExample(
            e.number(),
            e.id(),
            e.stream(),
            e.label(),
            e.rejectedLabel(),
            e.onset(),
            e.offset(),
            e.recording(),
            e.split(),
            Origin.LABEL,
            e.author(),
            e.labelledAt(),
            Optional.of("label " + e.id()),
            e.adapter(),
            e.standing(),
            e.audioState(),
            e.audioReason(),
            e.audio())
        : e;
  }

  @Test
  void standingScenesAreLaidOnceForTheSameSounds() {
    StandingScenes standing = new StandingScenes(16 << 20);
    List<HeadScenes.Laid> laid = standing.toFit(plan(), sounds(), settings());
    assertThat(laid).hasSize(settings().head().scenes());
    assertThat(standing.toFit(plan(), sounds(), settings())).isSameAs(laid);
    assertThat(standing.toJudge(plan(), sounds(), settings())).isNotEqualTo(laid);
    assertThat(standing.toFit(plan(), sounds(), settings())).isSameAs(laid);
    assertThat(new StandingScenes(0).toFit(plan(), sounds(), settings()))
        .usingRecursiveComparison()
        .isEqualTo(laid);
    put("low", 9, 240, Split.TRAIN);
    assertThat(standing.toFit(plan(), sounds(), settings())).isNotSameAs(laid);
  }

  @Test
  void aNewClassIsLearnedAndTheOthersStay() {
    try (KeptEmbeddings kept = new KeptEmbeddings(backbone, CPU, 64 << 20)) {
      Refit round = refit(2, kept);
      GateReport report = round.judge(fitted(2, kept));
      GateReport unfitted = round.judge(HeadGrowth.grown(incumbent, List.of("high")));
      assertThat(precision(report)).isGreaterThan(1.9 * precision(unfitted));
      assertThat(report.map().after()).isGreaterThanOrEqualTo(report.map().before() - .02);
    }
  }

  private static double precision(GateReport report) {
    return Objects.requireNonNull(report.classes().get("high").averagePrecision().after());
  }

  @Test
  void aSceneHasRecordingsOfItsFoldAlone() {
    HeadScenes lay = HeadScenes.toFit(sounds(), settings());
    Map<String, Integer> dealt = lay.dealt(plan().train());
    assertThat(dealt.values()).containsOnly(0, 1, 2);
    List<HeadScenes.Laid> fresh = lay.fresh(plan().train(), List.of(), List.of("high"), 6);
    assertThat(fresh).extracting(HeadScenes.Laid::fold).containsExactly(0, 1, 2, 0, 1, 2);
    assertThat(fresh)
        .allSatisfy(
            laid ->
                assertThat(laid.scene().events())
                    .as("the corrected class is in every fresh scene")
                    .anyMatch(e -> e.label().equals("high")));
    assertThat(lay.fresh(plan().train(), List.of(), List.of(), 6)).isEmpty();
  }
}
