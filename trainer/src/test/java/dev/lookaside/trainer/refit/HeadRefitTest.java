package dev.lookaside.trainer.refit;

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
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.fit.CheckpointFile;
import dev.lookaside.trainer.fit.FitProgress;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateSettings;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.head.BoundedCache;
import dev.lookaside.trainer.head.EmbeddingCache;
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
                head.scenes = 8
                fit { epochs = 1, scenes = 2 }
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
  private BoundedCache<Optional<Pcm>> audio = RefitTools.audioCache();

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
    RefitSettings s = RefitSettings.of(CONFIG);
    double headPull = 1e-4;
    double quietSeconds = 2;
    return new RefitSettings(
        s.full(),
        s.headScenes(),
        headPull,
        s.batchSize(),
        s.hopFrames(),
        s.scenes(),
        s.speeds(),
        s.freshPerClass(),
        s.replayPerClass(),
        quietSeconds,
        s.backgroundSeconds(),
        s.seed());
  }

  private RefitTools tools() {
    return new RefitTools(
        backbone, 16, DetectSettings.of(CONFIG), CPU, settings(), GateSettings.of(CONFIG), audio);
  }

  /** Of these, what is called high is what people have said. */
  private List<StoredExample> labelled() {
    return examples().stream().map(HeadRefitTest::asLabelled).toList();
  }

  private RoundSounds sounds() {
    return new RoundSounds(labelled(), store.frontEnd(), settings());
  }

  private RoundPlan plan() {
    return RoundPlan.choose(
        labelled(), incumbent.digest(), incumbent.labels(), settings(), e -> false);
  }

  private Refit refit(long number, Round.Kind kind, EmbeddingCache kept) {
    Round round = new Round(number, kind, "5 new labels", null, false, 5, 0);
    return new Refit(tools(), round, plan(), sounds(), incumbent, incumbent, kept);
  }

  private Adapter fitted(Refit round) {
    FitProgress silent =
        new FitProgress() {
          @Override
          public void begun(long stepsDone) {}

          @Override
          public void stepped(Step step) {}
        };
    return round.fit(new CheckpointFile(folder.resolve("checkpoint")), silent);
  }

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
  void theSameBytesWhetherCachedOrPrefetchedOrNot() {
    Adapter uncached;
    GateReport report;
    audio = new BoundedCache<>(0, pcm -> 1);
    try (EmbeddingCache none = new EmbeddingCache(backbone, CPU, 0)) {
      Refit round = refit(1, Round.Kind.HEAD, none);
      uncached = fitted(round);
      report = round.judge(uncached);
    }
    assertThat(uncached.labels()).containsExactly("low", "middle", "high");
    assertThat(uncached.metadata()).containsEntry("parent", incumbent.digest());
    audio = RefitTools.audioCache();
    try (EmbeddingCache kept = new EmbeddingCache(backbone, CPU, 64 << 20)) {
      Prefetch prefetch =
          new Prefetch(tools(), kept, () -> new Prefetch.Next(incumbent, plan(), sounds()));
      assertThat(prefetch.due()).isFalse();
      prefetch.follow("1");
      while (prefetch.due()) {
        prefetch.step();
      }
      long before = kept.computed();
      assertThat(before).isPositive();
      Refit round = refit(1, Round.Kind.HEAD, kept);
      Adapter first = fitted(round);
      assertThat(first.digest()).isEqualTo(uncached.digest());
      assertThat(round.judge(first)).isEqualTo(report);
      assertThat(kept.computed()).as("all was embedded in advance").isEqualTo(before);
      assertThat(refit(1, Round.Kind.HEAD, kept).judge(first))
          .as("judged after a restart")
          .isEqualTo(report);
    }
  }

  @Test
  void aNewClassIsLearnedAndRowsOfOtherClassesStay() {
    try (EmbeddingCache kept = new EmbeddingCache(backbone, CPU, 64 << 20)) {
      Refit round = refit(2, Round.Kind.HEAD, kept);
      Adapter candidate = fitted(round);
      GateReport report = round.judge(candidate);
      GateReport.ClassChange high = Objects.requireNonNull(report.classes().get("high"));
      assertThat(high.examples()).isEqualTo(6);
      assertThat(high.labels()).isEqualTo(6);
      assertThat(Objects.requireNonNull(high.averagePrecision().after())).isGreaterThan(.5);
      assertThat(Objects.requireNonNull(report.map().after()))
          .isGreaterThanOrEqualTo(Objects.requireNonNull(report.map().before()));
      Learned learned = Objects.requireNonNull(report.learned());
      assertThat(learned.fitted().size() + report.doubted().size()).isEqualTo(6);
      assertThat(report.corrections()).hasSize(6);
    }
  }

  /** The head in force must have a judgement that it has not seen either. */
  @Test
  void aRefitOfTheWholeAdapterIsJudgedOnTheFoldThatNeitherHasSeen() {
    try (EmbeddingCache kept = new EmbeddingCache(backbone, CPU, 64 << 20)) {
      Refit head = refit(3, Round.Kind.HEAD, kept);
      Adapter inForce = fitted(head);
      Round round = new Round(4, Round.Kind.FULL, "5 new labels", null, false, 5, 0);
      RoundPlan plan =
          RoundPlan.choose(labelled(), inForce.digest(), inForce.labels(), settings(), e -> true);
      Refit full = new Refit(tools(), round, plan, sounds(), inForce, incumbent, kept);
      Adapter candidate = fitted(full);
      GateReport report = full.judge(candidate);
      int leftOut =
          (int)
              plan.examples(true).stream()
                  .filter(id -> sounds().example(id).label().equals(Optional.of("high")))
                  .count();
      GateReport.ClassChange high = Objects.requireNonNull(report.classes().get("high"));
      assertThat(high.labels()).isPositive().isEqualTo(leftOut);
      assertThat(high.averagePrecision().before()).as("known to the head in force").isNotNull();
      assertThat(candidate.tensors().get("blocks.1.attn.loaa.up.weight"))
          .isNotEqualTo(inForce.tensors().get("blocks.1.attn.loaa.up.weight"));
      assertThat(report.incumbent()).isEqualTo(inForce.digest());
      assertThat(
              new Refit(tools(), round, plan, sounds(), inForce, incumbent, kept)
                  .judge(candidate)
                  .word())
          .as("judged after a restart")
          .isEqualTo(report.word());
    }
  }

  @Test
  void aSceneHasRecordingsOfItsFoldAloneAndNoLabelledSound() {
    List<Scenes.Composed> scenes = new Scenes(plan(), sounds(), tools()).olderScenes();
    assertThat(scenes).extracting(Scenes.Composed::fold).contains(0, 1, 2, 3);
    assertThat(scenes)
        .allSatisfy(
            s ->
                assertThat(s.scene().events())
                    .isNotEmpty()
                    .noneMatch(e -> e.label().equals("high")));
    String id = plan().corrections().get(0);
    List<Scene> alone = new Scenes(plan(), sounds(), tools()).alone(id, .5);
    assertThat(alone).hasSize(2).allSatisfy(s -> assertThat(s.events()).hasSize(1));
    assertThat(alone.get(0).events().get(0).onsetSeconds()).isEqualTo(.5);
  }
}
