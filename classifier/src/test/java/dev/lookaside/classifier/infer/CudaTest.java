package dev.lookaside.classifier.infer;

import static dev.lookaside.classifier.infer.GoldenForwardTest.flat;
import static dev.lookaside.classifier.infer.GoldenForwardTest.largestDifference;
import static dev.lookaside.classifier.infer.GoldenForwardTest.relativeError;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a GPU must do; runs where there is one and the build is that of the Maven profile {@code
 * cuda}, and then fails if CUDA does not work.
 */
class CudaTest {
  private static final ScorerSettings CUDA = new ScorerSettings(Device.CUDA, 1, 8);
  private static final ScorerSettings CPU = new ScorerSettings(Device.CPU, 1, 8);
  private static final int FRAMES = 48;

  @TempDir Path folder;

  @BeforeAll
  static void needsAGpu() {
    assumeTrue(
        ModelSession.providers().contains("CUDA"), "this build has no CUDA (Maven profile cuda)");
    assumeTrue(Files.exists(Path.of("/dev/nvidia0")), "no /dev/nvidia0: no GPU");
  }

  static List<String> shapes() {
    return Arrays.asList(Goldens.SHAPES);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void logitsAndAttentionAgreeWithPyTorch(String shape) {
    float[] x = Goldens.io(shape, "x");
    try (Scorer scorer = Scorer.open(Goldens.backbone(shape), Goldens.adapter(shape), CUDA)) {
      assertThat(scorer.deviceDescription()).startsWith("cuda 0");
      Attention found = scorer.logitsAndAttention(x, 3);
      double error = relativeError(flat(found.logits()), Goldens.io(shape, "logits"));
      double attention =
          largestDifference(flat(found.attention()), Goldens.io(shape, "last_attention"));
      System.out.printf(
          "golden %s on cuda: logits within %.1e relative, attention within %.1e%n",
          shape, error, attention);
      assertThat(error).isLessThan(1e-4);
      assertThat(attention).isLessThan(1e-4);
      assertThat(relativeError(flat(scorer.logits(x, 3)), Goldens.io(shape, "logits")))
          .isLessThan(1e-4);
    }
  }

  @Test
  void aBatchOfSeveralAdaptersIsScoredAsOnTheCpu() {
    Backbone backbone = backbone();
    List<LoadedAdapter> adapters =
        List.of(
            LoadedAdapter.of(adapter(backbone, 0, 3, HeadKind.CLIP, 4)),
            LoadedAdapter.of(adapter(backbone, 1, 5, HeadKind.COLUMNS, 4)),
            LoadedAdapter.of(adapter(backbone, 2, 4, HeadKind.CLIP, 6)));
    List<AdaptedWindow> batch = new ArrayList<>();
    Random random = new Random(11);
    for (int i = 0; i < 8; i++) {
      batch.add(new AdaptedWindow(window(random, i), adapters.get(i % 3)));
    }
    float[][] onCpu = scores(backbone, CPU, adapters, batch);
    float[][] onGpu = scores(backbone, CUDA, adapters, batch);
    assertThat(largestDifference(joined(onGpu), joined(onCpu))).isLessThan(1e-5);
  }

  /** Rows of the same windows are the same bits from run to run; across batch sizes, close. */
  @Test
  void theSameBatchGivesTheSameBitsAndOtherBatchesCloseOnes() {
    Backbone backbone = backbone();
    LoadedAdapter adapter = LoadedAdapter.of(adapter(backbone, 3, 6, HeadKind.COLUMNS, 4));
    Random random = new Random(5);
    List<AdaptedWindow> batch =
        IntStream.range(0, 8).mapToObj(i -> new AdaptedWindow(window(random, i), adapter)).toList();
    try (BackboneSessions sessions = new BackboneSessions(backbone, CUDA, 4);
        MixedScorer scorer = new MixedScorer(sessions, adapter)) {
      float[] together = joined(scorer.score(batch));
      assertThat(joined(scorer.score(batch))).isEqualTo(together);
      float[][] alone = new float[8][];
      for (int i = 0; i < 8; i++) {
        alone[i] = scorer.score(batch.subList(i, i + 1))[0];
      }
      double difference = largestDifference(joined(alone), together);
      System.out.printf("cuda: alone and in a batch of 8 differ by at most %.1e%n", difference);
      assertThat(difference).isLessThan(1e-5);
    }
  }

  private static float[][] scores(
      Backbone backbone,
      ScorerSettings settings,
      List<LoadedAdapter> adapters,
      List<AdaptedWindow> batch) {
    try (BackboneSessions sessions = new BackboneSessions(backbone, settings, 4);
        MixedScorer scorer = new MixedScorer(sessions, adapters.get(0))) {
      return scorer.score(batch);
    }
  }

  private static float[] joined(float[][] rows) {
    int length = Arrays.stream(rows).mapToInt(r -> r.length).sum();
    float[] all = new float[length];
    int at = 0;
    for (float[] row : rows) {
      System.arraycopy(row, 0, all, at, row.length);
      at += row.length;
    }
    return all;
  }

  private Backbone backbone() {
    Path file = folder.resolve("backbone.safetensors");
    ViTSpec spec = new ViTSpec(128, 2, 2, 256, 2, 8, 8, 1e-6f);
    SafetensorsWriter.write(file, RandomBackbone.tensors(spec, 1, 0, 7), Map.of());
    return Backbone.load(file);
  }

  private static Adapter adapter(
      Backbone backbone, long seed, int classes, HeadKind head, int rank) {
    List<String> labels = IntStream.range(0, classes).mapToObj(i -> "label " + i).toList();
    return AdapterFactory.random(
        backbone.spec(),
        new AdapterFactory.Meaning(
            labels, Activation.SIGMOID, head, FrontEnd.AST_FBANK, FRAMES, -4 - seed, 4.6f),
        Optional.of(new Bottleneck(Kernel.TIME, rank)),
        Optional.empty(),
        seed);
  }

  private static MelWindow window(Random random, long index) {
    float[][] rows = new float[FRAMES][128];
    for (float[] row : rows) {
      for (int m = 0; m < row.length; m++) {
        row[m] = (float) (random.nextGaussian() * 4 - 5);
      }
    }
    return Windows.of("s", index, rows);
  }
}
