package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelRunTest {
  /** The goldens of the forward pass lie where it is tested. */
  private static final Path ALL = Path.of("../classifier/src/test/resources/golden");

  private static final Path GOLDEN = ALL.resolve("attnT_mlpF_96");

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"attnT_mlpF_96", "attnT_512", "mlp33_208", "parallel11_96", "probe_96"})
  void logitsAndAttentionEqualTheGoldenNumbers(String shape) {
    Path golden = ALL.resolve(shape);
    Path x = folder.resolve("x.npy");
    Path logits = folder.resolve("l.npy");
    Path attention = folder.resolve("t.npy");
    try (Safetensors io = Safetensors.open(golden.resolve("io.safetensors"))) {
      array(io.floats("x")).write(x);
      Cli run = run(golden, x, logits, "--attention", attention);
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.out()).isEmpty();
      Npy expected = array(io.floats("logits"));
      Golden.assertClose(Npy.read(logits), expected, 1e-4 * largest(expected));
      Golden.assertClose(Npy.read(attention), array(io.floats("last_attention")), 1e-4);
    }
  }

  @Test
  void aWrongShapeIsNamedBesideTheRightOne() {
    Path x = folder.resolve("x.npy");
    new Npy(new int[] {2, 128, 96}, new float[2 * 128 * 96]).write(x);
    Cli run = run(GOLDEN, x, folder.resolve("l.npy"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .hasLineCount(1)
        .contains("x.npy: shape \"[2, 128, 96]\": must be [B, 96, 128] (windows, frames, mels)");
    assertThat(folder.resolve("l.npy")).doesNotExist();
  }

  @Test
  void anAdapterForAnotherWidthIsRefused() {
    Path x = folder.resolve("x.npy");
    new Npy(new int[] {1, 128, 128}, new float[128 * 128]).write(x);
    Cli run =
        Cli.run(
            "model",
            "run",
            "--backbone",
            GOLDEN.resolve("backbone.safetensors"),
            "--adapter",
            "src/main/resources/demo-model/adapter.safetensors",
            "--input",
            x,
            "--logits",
            folder.resolve("l.npy"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .hasLineCount(1)
        .contains("192")
        .contains("128")
        .doesNotContain("unexpected");
  }

  @Test
  void aMissingOptionIsAWrongCall() {
    Cli run = Cli.run("model", "run", "--input", "x.npy");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--backbone");
  }

  private static Cli run(Path golden, Path x, Path logits, Object... more) {
    Object[] args = new Object[10 + more.length];
    Object[] fixed = {
      "model",
      "run",
      "--backbone",
      golden.resolve("backbone.safetensors"),
      "--adapter",
      golden.resolve("adapter.safetensors"),
      "--input",
      x,
      "--logits",
      logits
    };
    System.arraycopy(fixed, 0, args, 0, 10);
    System.arraycopy(more, 0, args, 10, more.length);
    return Cli.run(args);
  }

  private static Npy array(FloatTensor tensor) {
    return new Npy(tensor.shape(), tensor.toArray());
  }

  private static double largest(Npy array) {
    double largest = 0;
    for (float value : array.values()) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }
}
