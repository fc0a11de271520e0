package dev.lookaside.classifier.infer;

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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time of one batch on the CPU, in milliseconds: a model of the bundled one's shape with random
 * weights (width 192, 6 blocks, 64 + 2 tokens), with LoAA at both sites and without.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class ScorerBenchmark {
  private static final int WINDOW_FRAMES = 128;
  private static final ViTSpec SMALL = new ViTSpec(192, 6, 3, 768, 2, 8, 8, 1e-6f);

  @Param({"1", "4", "8"})
  public int batch;

  @Param({"1", "0"})
  public int threads;

  @Param({"0", "16"})
  public int rank;

  private Path file = Path.of("");
  private @Nullable Scorer scorer;
  private float[] windows = new float[0];

  @Setup
  public void open() throws IOException {
    file = Files.createTempFile("lookaside-benchmark", ".safetensors");
    SafetensorsWriter.write(file, RandomBackbone.tensors(SMALL, 1, 0, 1), Map.of());
    Backbone backbone = Backbone.load(file);
    scorer =
        Scorer.open(backbone, adapter(backbone), new ScorerSettings(Device.CPU, threads, batch));
    Random random = new Random(1);
    windows = new float[batch * WINDOW_FRAMES * FrontEnd.AST_FBANK.mels()];
    for (int i = 0; i < windows.length; i++) {
      windows[i] = (float) random.nextGaussian();
    }
  }

  private Adapter adapter(Backbone backbone) {
    return AdapterFactory.random(
        backbone.spec(),
        new AdapterFactory.Meaning(
            List.of("a", "b", "c"),
            Activation.SIGMOID,
            HeadKind.CLIP,
            FrontEnd.AST_FBANK,
            WINDOW_FRAMES,
            -4.3f,
            4.6f),
        rank == 0 ? Optional.empty() : Optional.of(new Bottleneck(Kernel.TIME, rank)),
        rank == 0 ? Optional.empty() : Optional.of(new Bottleneck(Kernel.FREQUENCY, rank)),
        1);
  }

  @TearDown
  public void close() throws IOException {
    if (scorer != null) {
      scorer.close();
    }
    Files.delete(file);
  }

  @Benchmark
  public float[][] forward() {
    return Objects.requireNonNull(scorer).logits(windows, batch);
  }
}
