package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.trainer.example.Augmentation;
import dev.lookaside.trainer.example.ClipExamples;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.example.WindowSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the options about loss and gradients do to the first step of a fit of 24 clips. */
class FitLossTest {
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");
  private static final Path INITIAL = Golden.file("fit/initial.safetensors");
  private static final Path CLIPS = Golden.file("fit/clips");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ALL = 24;

  @TempDir private Path folder;
  private String said = "";

  private Cli run(String out, Object... more) {
    List<Object> words = new ArrayList<>(List.of("fit", CLIPS, "--backbone", BACKBONE));
    words.addAll(List.of("--no-augment", "--no-shuffle", "--batch-size", ALL, "--epochs", 1));
    words.addAll(List.of("--weight-decay", 0, "--out", folder.resolve(out)));
    words.addAll(List.of("--log", folder.resolve(out + ".jsonl"), "--threads", 1));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  /** The loss of the only step. */
  private double loss(String out, Object... more) throws IOException {
    Cli run = run(out, more);
    assertThat(run.exitCode()).as(run.err()).isZero();
    said = run.err();
    List<String> steps = Files.readAllLines(folder.resolve(out + ".jsonl"));
    JsonNode step = JSON.readTree(steps.get(steps.size() - 1));
    assertThat(step.get("step").asInt()).isEqualTo(1);
    return step.get("loss").asDouble();
  }

  /**
   * The same by hand, of what an adapter says of the clips: cross-entropy or the mean of binary
   * cross-entropies, targets smoothed.
   */
  private static double byHand(Path file, boolean exclusive, double smoothing) {
    Adapter adapter = Adapter.load(file);
    ClipFolder listed = ClipFolder.list(CLIPS, adapter.labels());
    ClipSet set = ClipSet.read(adapter.frontEnd(), adapter.labels(), listed.clips(), true);
    ClipExamples examples = new ClipExamples(set, WindowSpec.of(adapter), false, Augmentation.NONE);
    assertThat(set.size()).isEqualTo(ALL);
    int classes = adapter.labels().size();
    double sum = 0;
    try (Scorer scorer =
        Scorer.open(Backbone.load(BACKBONE), adapter, new ScorerSettings(Device.CPU, 1, 1))) {
      for (int i = 0; i < ALL; i++) {
        float[] logits = scorer.logits(examples.example(i, new SplittableRandom(1)).window(), 1)[0];
        double exps = 0;
        for (float z : logits) {
          exps += Math.exp(z);
        }
        for (int c = 0; c < classes; c++) {
          double target =
              (c == set.label(i) ? 1 - smoothing : 0) + smoothing / (exclusive ? classes : 2);
          double z = logits[c];
          sum +=
              exclusive
                  ? -target * (z - Math.log(exps))
                  : (Math.log(1 + Math.exp(z)) - target * z) / classes;
        }
      }
    }
    return sum / ALL;
  }

  @Test
  void theLossFollowsTheActivationUnlessTheOptionSays() throws IOException {
    for (String activation : List.of("softmax", "sigmoid")) {
      boolean exclusive = activation.equals("softmax");
      // A step this small leaves the adapter as it began.
      Object[] fresh = {"--tune", "linear-probe", "--activation", activation, "--lr", "1e-12"};
      double followed = loss(activation, fresh);
      Path began = folder.resolve(activation);
      assertThat(Adapter.load(began).metadata()).containsEntry("activation", activation);
      assertThat(followed).isCloseTo(byHand(began, exclusive, 0), within(1e-5));
      Object[] other = java.util.Arrays.copyOf(fresh, fresh.length + 2);
      other[fresh.length] = "--loss";
      other[fresh.length + 1] = exclusive ? "bce" : "cross-entropy";
      double said = loss(activation + "-other", other);
      assertThat(said).isCloseTo(byHand(began, !exclusive, 0), within(1e-5));
      assertThat(said).isNotCloseTo(followed, within(1e-2));
    }
    assertThat(run("x", "--tune", "linear-probe", "--loss", "hinge").err())
        .contains("--loss")
        .contains("hinge");
  }

  @Test
  void labelSmoothingIsInTheLoss() throws IOException {
    double plain = loss("plain", "--init", INITIAL);
    double smooth = loss("smooth", "--init", INITIAL, "--label-smoothing", "0.3");
    boolean exclusive = Adapter.load(INITIAL).metadata().get("activation").equals("softmax");
    assertThat(plain).isCloseTo(byHand(INITIAL, exclusive, 0), within(1e-5));
    assertThat(smooth).isCloseTo(byHand(INITIAL, exclusive, 0.3), within(1e-5));
    assertThat(smooth).isNotCloseTo(plain, within(1e-3));
    assertThat(run("x", "--init", INITIAL, "--label-smoothing", "1").err())
        .contains("label smoothing 1.0: must be");
  }

  /** With no memory and epsilon 1 a step is lr g / (|g| + 1): as long as a small gradient. */
  @Test
  void clippingBoundsTheFirstStep() throws IOException {
    Object[] plain = {"--init", INITIAL, "--betas", "0,0", "--epsilon", 1, "--lr", 1};
    loss("free", plain);
    Object[] clipped = java.util.Arrays.copyOf(plain, plain.length + 2);
    clipped[plain.length] = "--clip-norm";
    clipped[plain.length + 1] = "1e-2";
    loss("clipped", clipped);
    assertThat(moved("free")).isGreaterThan(0.1);
    assertThat(moved("clipped")).isBetween(0.98e-2, 1.0001e-2);
  }

  private double moved(String out) {
    Adapter after = Adapter.load(folder.resolve(out));
    double[] squares = new double[1];
    Adapter.load(INITIAL)
        .tensors()
        .forEach(
            (name, tensor) -> {
              float[] a = tensor.toArray();
              float[] b = after.tensor(name).toArray();
              for (int i = 0; i < a.length; i++) {
                squares[0] += ((double) b[i] - a[i]) * ((double) b[i] - a[i]);
              }
            });
    return Math.sqrt(squares[0]);
  }

  /** The same step in parts, and without what it keeps: less memory, not another result. */
  @Test
  void partsAndBlocksComputedTwiceGiveTheSameStep() throws IOException {
    double whole = loss("whole", "--init", INITIAL);
    assertThat(said).doesNotContain("computed twice");
    double parts = loss("parts", "--init", INITIAL, "--accumulate", 3);
    double twice = loss("twice", "--init", INITIAL, "--keep-mib", 0);
    assertThat(said).contains("blocks are computed twice: a window's values are above --keep-mib");
    assertThat(parts).isCloseTo(whole, within(1e-6));
    assertThat(twice).isCloseTo(whole, within(1e-6));
    Adapter expected = Adapter.load(folder.resolve("whole"));
    for (String other : List.of("parts", "twice")) {
      Adapter found = Adapter.load(folder.resolve(other));
      expected
          .tensors()
          .forEach(
              (name, tensor) ->
                  assertThat(found.tensor(name).toArray())
                      .as(other + " " + name)
                      .containsExactly(tensor.toArray(), within(5e-4f)));
      // Which of them it was stands in the report.
      assertThat(found.metadata().get("report")).isNotEqualTo(expected.metadata().get("report"));
    }
    assertThat(run("x", "--init", INITIAL, "--accumulate", 0).err())
        .contains("parts \"0\": must be at least 1");
    assertThat(run("x", "--init", INITIAL, "--keep-mib", -1).err())
        .contains("--keep-mib \"-1\": must be 0 or more MiB");
  }
}
