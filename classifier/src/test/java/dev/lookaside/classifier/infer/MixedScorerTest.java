package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.infer.AdapterScorer.AdaptedWindow;
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
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SeededRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MixedScorerTest {
  private static final int FRAMES = 48;

  @TempDir Path folder;
  private Backbone backbone;

  @BeforeEach
  void makeBackbone() {
    Path file = folder.resolve("backbone.safetensors");
    ViTSpec spec = new ViTSpec(128, 2, 2, 256, 2, 8, 8, 1e-6f);
    SafetensorsWriter.write(file, RandomBackbone.tensors(spec, 1, 0, 7), Map.of());
    backbone = Backbone.load(file);
  }

  private Adapter adapter(long seed, int classes, HeadKind head, int rank) {
    List<String> labels = IntStream.range(0, classes).mapToObj(i -> "label " + i).toList();
    return AdapterFactory.random(
        backbone.spec(),
        new AdapterFactory.Meaning(
            labels,
            seed % 2 == 0 ? Activation.SIGMOID : Activation.SOFTMAX,
            head,
            FrontEnd.AST_FBANK,
            FRAMES,
            -4 - seed,
            4.6f),
        Optional.of(new Bottleneck(Kernel.TIME, rank)),
        Optional.empty(),
        seed);
  }

  private BackboneSessions sessions(int threads, int architectures) {
    return new BackboneSessions(
        backbone, new ScorerSettings(Device.CPU, threads, 8), architectures);
  }

  private static MelWindow window(RandomGenerator random, long index) {
    float[][] rows = new float[FRAMES][128];
    for (float[] row : rows) {
      for (int m = 0; m < row.length; m++) {
        row[m] = (float) (random.nextGaussian() * 4 - 5);
      }
    }
    return Windows.of("s", index, rows);
  }

  /** Preparing an adapter opens a session for it, which takes seconds for a large model. */
  @Test
  @Timeout(60)
  void windowsAreScoredWhileASessionForAnotherArchitectureIsOpened() throws Exception {
    LoadedAdapter inForce = LoadedAdapter.of(adapter(0, 3, HeadKind.CLIP, 4));
    LoadedAdapter next = LoadedAdapter.of(adapter(1, 3, HeadKind.CLIP, 5));
    CountDownLatch isOpening = new CountDownLatch(1);
    CountDownLatch mayOpen = new CountDownLatch(1);
    AtomicInteger opened = new AtomicInteger();
    BackboneSessions.Opener slowFromTheSecondOn =
        (graph, on, threads) -> {
          if (opened.getAndIncrement() > 0) {
            isOpening.countDown();
            await(mayOpen);
          }
          return ModelSession.openOn(graph, on, threads, ModelSession.Memory.PLANNED);
        };
    ExecutorService preparing = Executors.newSingleThreadExecutor();
    try (BackboneSessions sessions =
            new BackboneSessions(
                backbone, new ScorerSettings(Device.CPU, 2, 8), 4, slowFromTheSecondOn);
        MixedScorer scorer = new MixedScorer(sessions, inForce)) {
      float[] silence = new float[FRAMES * 128];
      Future<float[]> trial =
          preparing.submit(() -> AdapterTestRun.logits(sessions, next, silence));
      await(isOpening);
      for (int i = 0; i < 5; i++) {
        assertThat(scorer.logits(inForce, silence, 1)[0]).hasSize(3);
      }
      assertThat(trial).as("still opening").isNotDone();
      mayOpen.countDown();
      assertThat(trial.get()).isEqualTo(scorer.logits(next, silence, 1)[0]);
      assertThat(opened.get()).as("opened once for both").isEqualTo(2);
    } finally {
      mayOpen.countDown();
      preparing.shutdownNow();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aWindowScoresTheSameBitsWhateverAdaptersShareItsBatch(int threads) {
    List<Adapter> adapters = new ArrayList<>();
    int[] classes = {1, 2, 3, 15, 16, 17, 33};
    for (int i = 0; i < classes.length; i++) {
      adapters.add(
          adapter(i, classes[i], i % 3 == 2 ? HeadKind.COLUMNS : HeadKind.CLIP, 4 + i % 2));
    }
    List<LoadedAdapter> loaded = adapters.stream().map(LoadedAdapter::of).toList();
    try (BackboneSessions sessions = sessions(threads, 2);
        MixedScorer mixed = new MixedScorer(sessions, loaded.get(0))) {
      SeededRandom.forAll(
          MixedScorerTest.class,
          4,
          random -> {
            List<AdaptedWindow> batch = new ArrayList<>();
            List<Integer> which = new ArrayList<>();
            for (int i = 0; i < 1 + random.nextInt(12); i++) {
              which.add(random.nextInt(adapters.size()));
              batch.add(new AdaptedWindow(window(random, i), loaded.get(which.get(i))));
            }
            float[][] posteriors = mixed.score(batch);
            for (int i = 0; i < batch.size(); i++) {
              Adapter its = adapters.get(which.get(i));
              try (Scorer alone =
                  Scorer.open(backbone, its, new ScorerSettings(Device.CPU, 1, 1))) {
                float[] expected = alone.score(List.of(batch.get(i).window())).of(0);
                assertThat(posteriors[i])
                    .as("window %d with %s", i, its)
                    .hasSize(its.columns() * its.labels().size())
                    .containsExactly(expected);
              }
            }
          });
    }
  }

  @Test
  void filledUpHeadRowsChangeNoLogit() {
    for (int classes : new int[] {1, 5, 16, 20}) {
      Adapter adapter = adapter(2, classes, HeadKind.COLUMNS, 4);
      float[] x = new float[FRAMES * 128];
      RandomGenerator random = SeededRandom.of(5);
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) random.nextGaussian();
      }
      float[] expected = new ReferenceForward(backbone, adapter).logits(x);
      try (Scorer scorer = Scorer.open(backbone, adapter, new ScorerSettings(Device.CPU, 1, 1))) {
        assertThat(GoldenForwardTest.relativeError(scorer.logits(x, 1)[0], expected))
            .isLessThan(1e-5);
      }
    }
  }

  @Test
  void adaptersOfOtherLabelSetsShareASessionAndOtherArchitecturesHaveTheirOwn() {
    LoadedAdapter three = LoadedAdapter.of(adapter(0, 3, HeadKind.CLIP, 4));
    LoadedAdapter four = LoadedAdapter.of(adapter(1, 4, HeadKind.CLIP, 4));
    LoadedAdapter wider = LoadedAdapter.of(adapter(1, 4, HeadKind.CLIP, 5));
    assertThat(four.runShape()).isEqualTo(three.runShape());
    assertThat(wider.runShape()).isNotEqualTo(three.runShape());
    try (BackboneSessions sessions = sessions(1, 1)) {
      ModelSession first;
      try (BackboneSessions.Use use = sessions.use(three.runShape())) {
        first = use.session(false);
      }
      try (BackboneSessions.Use same = sessions.use(four.runShape())) {
        assertThat(same.session(false)).isSameAs(first);
      }
      sessions.use(wider.runShape()).close();
      try (BackboneSessions.Use again = sessions.use(three.runShape())) {
        assertThat(again.session(false)).as("closed when the other was opened").isNotSameAs(first);
      }
    }
  }

  @Test
  void closedSessionsAreNotOpenedAgain() {
    BackboneSessions sessions = sessions(1, 1);
    LoadedAdapter adapter = LoadedAdapter.of(adapter(0, 3, HeadKind.CLIP, 4));
    sessions.close();
    assertThatThrownBy(() -> sessions.use(adapter.runShape()))
        .isInstanceOf(ScorerException.class)
        .hasMessageContaining("are closed");
  }

  @Test
  void aPieceThatFailsFailsTheRunOnWhicheverThread() {
    try (Lanes lanes = new Lanes()) {
      for (int bad = 0; bad < 6; bad++) {
        int failing = bad;
        assertThatThrownBy(
                () ->
                    lanes.run(
                        3,
                        6,
                        (lane, piece) -> {
                          if (piece == failing) {
                            throw new ScorerException("piece " + piece);
                          }
                        }))
            .isInstanceOf(ScorerException.class)
            .hasMessage("piece " + bad);
      }
    }
  }
}
