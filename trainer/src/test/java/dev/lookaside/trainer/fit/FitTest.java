package dev.lookaside.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.gradient.Gradients;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FitTest {
  private static final int EXAMPLES = 17;
  private static final FitSettings SETTINGS = settings(1, 0, Order.SHUFFLED, 3);

  @TempDir private Path folder;

  private static FitSettings settings(int parts, double maxNorm, Order order, int checkpointEvery) {
    return new FitSettings(
        OptimizerSettings.adamW(1e-3),
        Schedule.of("cosine", 1, 0.1),
        0.3,
        4,
        5,
        parts,
        maxNorm,
        order,
        7,
        checkpointEvery);
  }

  /** Keeps what it hears and ends a fit as a kill would after a given step. */
  private static final class Listener implements FitProgress {
    private final long killAfter;
    private final List<Step> steps = new ArrayList<>();

    Listener(long killAfter) {
      this.killAfter = killAfter;
    }

    @Override
    public void begun(long stepsDone) {
      steps.removeIf(s -> s.step() > stepsDone);
    }

    @Override
    public void stepped(Step step) {
      steps.add(step);
      if (step.step() == killAfter) {
        throw new Killed();
      }
    }
  }

  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private static final SoftmaxRegression MODEL =
      new SoftmaxRegression(MadeUpExamples.CLASSES, MadeUpExamples.VALUES);

  private Fit fit(FitSettings settings, FitProgress progress) {
    return new Fit(
        settings,
        new MadeUpExamples(EXAMPLES),
        BatchGradients.of(MODEL),
        Map.of("model", "softmax"),
        new CheckpointFile(folder.resolve("fit.checkpoint")),
        progress);
  }

  private byte[] bytes(SortedMap<String, float[]> weights) throws IOException {
    Path file = folder.resolve("final");
    Map<String, FloatTensor> tensors = new TreeMap<>();
    weights.forEach((name, v) -> tensors.put(name, FloatTensor.of(new int[] {v.length}, v)));
    SafetensorsWriter.write(file, tensors, Map.of());
    return Files.readAllBytes(file);
  }

  @Test
  void learnsAndSaysSo() {
    Listener heard = new Listener(-1);
    fit(SETTINGS, heard).run(MODEL.start(), false);
    assertThat(heard.steps).hasSize(16);
    assertThat(heard.steps.get(0).loss()).isCloseTo(Math.log(3), within(1e-6));
    double lastEpoch =
        heard.steps.subList(12, 16).stream()
            .mapToDouble(FitProgress.Step::loss)
            .average()
            .orElse(9);
    assertThat(lastEpoch).isLessThan(0.7);
    FitProgress.Step last = heard.steps.get(15);
    assertThat(last.step()).isEqualTo(16);
    assertThat(last.epoch()).isEqualTo(4);
    assertThat(last.windows()).isEqualTo(2);
    assertThat(heard.steps.get(0).learningRate()).isCloseTo(0.03, within(1e-12));
    assertThat(heard.steps.get(4).learningRate()).isEqualTo(0.3);
  }

  @Test
  void killedAfterAnyStepItEndsWithTheSameBytes() throws IOException {
    byte[] through = bytes(fit(SETTINGS, new Listener(-1)).run(MODEL.start(), false));
    for (int kill = 1; kill <= 16; kill++) {
      Files.deleteIfExists(folder.resolve("fit.checkpoint"));
      Listener first = new Listener(kill);
      Fit killed = fit(SETTINGS, first);
      assertThatThrownBy(() -> killed.run(MODEL.start(), false)).isInstanceOf(Killed.class);
      Listener second = new Listener(-1);
      SortedMap<String, float[]> resumed = fit(SETTINGS, second).run(MODEL.start(), true);
      assertThat(bytes(resumed)).as("killed after step %d", kill).isEqualTo(through);
      // Checkpoints come every third step; the killed one was not saved yet.
      assertThat(second.steps.get(0).step()).isEqualTo((kill - 1) / 3 * 3 + 1L);
    }
  }

  @Test
  void killedAgainAndAgainItEndsWithTheSameBytes() throws IOException {
    FitSettings settings = settings(1, 0, Order.BALANCED, 1);
    byte[] through = bytes(fit(settings, new Listener(-1)).run(MODEL.start(), false));
    Files.delete(folder.resolve("fit.checkpoint"));
    for (int kill = 2; kill <= 16; kill++) {
      Fit killed = fit(settings, new Listener(kill));
      assertThatThrownBy(() -> killed.run(MODEL.start(), true)).isInstanceOf(Killed.class);
    }
    assertThat(bytes(fit(settings, new Listener(-1)).run(MODEL.start(), true))).isEqualTo(through);
  }

  @Test
  void stoppedItSavesTheStepItWasIn() throws IOException {
    byte[] through = bytes(fit(SETTINGS, new Listener(-1)).run(MODEL.start(), false));
    Files.delete(folder.resolve("fit.checkpoint"));
    List<Fit> stopped = new ArrayList<>();
    stopped.add(
        fit(
            SETTINGS,
            new FitProgress() {
              @Override
              public void begun(long stepsDone) {}

              @Override
              public void stepped(Step step) {
                if (step.step() == 8) {
                  stopped.get(0).stop();
                }
              }
            }));
    assertThatThrownBy(() -> stopped.get(0).run(MODEL.start(), false))
        .hasMessageContaining("after step 8 of 16");
    Listener resumed = new Listener(-1);
    assertThat(bytes(fit(SETTINGS, resumed).run(MODEL.start(), true))).isEqualTo(through);
    assertThat(resumed.steps.get(0).step()).isEqualTo(9);
  }

  @Test
  void anotherSeedGivesAnotherFitAndTheSameSeedTheSame() throws IOException {
    byte[] once = bytes(fit(SETTINGS, new Listener(-1)).run(MODEL.start(), false));
    byte[] twice = bytes(fit(SETTINGS, new Listener(-1)).run(MODEL.start(), false));
    FitSettings other =
        new FitSettings(
            SETTINGS.optimizer(),
            SETTINGS.schedule(),
            0.3,
            4,
            5,
            1,
            0,
            Order.SHUFFLED,
            8,
            SETTINGS.checkpointEverySteps());
    assertThat(twice).isEqualTo(once);
    assertThat(bytes(fit(other, new Listener(-1)).run(MODEL.start(), false))).isNotEqualTo(once);
  }

  @Test
  void aCheckpointOfAnotherFitIsRefusedByTheSettingThatDiffers() {
    fit(SETTINGS, new Listener(-1)).run(MODEL.start(), false);
    Fit other = fit(settings(2, 0, Order.SHUFFLED, 3), new Listener(-1));
    assertThatThrownBy(() -> other.run(MODEL.start(), true))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("fit.checkpoint")
        .hasMessageContaining("settings was")
        .hasMessageContaining("parts=2");
  }

  @Test
  void partsGiveTheSameStepUpToRounding() {
    Listener whole = new Listener(-1);
    Listener parts = new Listener(-1);
    SortedMap<String, float[]> a = fit(SETTINGS, whole).run(MODEL.start(), false);
    SortedMap<String, float[]> b =
        fit(settings(3, 0, Order.SHUFFLED, 3), parts).run(MODEL.start(), false);
    for (int i = 0; i < whole.steps.size(); i++) {
      assertThat(parts.steps.get(i).loss()).isCloseTo(whole.steps.get(i).loss(), within(1e-5));
    }
    a.forEach((name, w) -> assertThat(b.get(name)).containsExactly(w, within(1e-4f)));
  }

  @Test
  void clippingScalesAllGradientsToTheNorm() {
    Gradients big =
        new Gradients() {
          @Override
          public Step step(
              Map<String, float[]> parameters,
              float[] normalised,
              float[] targets,
              float[] targetWeights,
              int batch) {
            Step step = MODEL.step(parameters, normalised, targets, targetWeights, batch);
            step.gradients().values().forEach(g -> Arrays.fill(g, 3));
            return step;
          }

          @Override
          public void close() {}
        };
    FitSettings clipped =
        new FitSettings(
            new OptimizerSettings(OptimizerSettings.Kind.ADAM, 0, 0, 1, 0),
            Schedule.of("constant", 0, 0),
            1,
            1,
            EXAMPLES,
            1,
            0.5,
            Order.GIVEN,
            1,
            1);
    SortedMap<String, float[]> weights =
        new Fit(
                clipped,
                new MadeUpExamples(EXAMPLES),
                BatchGradients.of(big),
                Map.of(),
                Checkpoints.none(),
                new Listener(-1))
            .run(MODEL.start(), false);
    // With no memory and epsilon 1 a step is g / (|g| + 1); g is the clipped gradient.
    float g = (float) (0.5 / Math.sqrt(18));
    float moved = -g / (g + 1);
    assertThat(weights.get(SoftmaxRegression.BIAS))
        .containsExactly(new float[] {moved, moved, moved}, within(1e-5f));
  }

  @Test
  void aLossThatIsNoNumberNamesStepAndClipAndKeepsTheCheckpoint() {
    Path file = folder.resolve("fit.checkpoint");
    FitSettings inOrder = settings(1, 0, Order.GIVEN, 1);
    Fit broken =
        new Fit(
            inOrder,
            new MadeUpExamples(EXAMPLES, 12),
            BatchGradients.of(MODEL),
            Map.of(),
            new CheckpointFile(file),
            new Listener(-1));
    assertThatThrownBy(() -> broken.run(MODEL.start(), false))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("step 3 (epoch 1): loss \"NaN\"")
        .hasMessageContaining("from clip12")
        .hasMessageContaining("last checkpoint is kept");
    Listener resumed = new Listener(-1);
    Fit again =
        new Fit(
            inOrder,
            new MadeUpExamples(EXAMPLES),
            BatchGradients.of(MODEL),
            Map.of(),
            new CheckpointFile(file),
            resumed);
    Listener heard = new Listener(-1);
    again.run(MODEL.start(), true);
    // The step that was no number is done once more, those before it are not.
    assertThat(resumed.steps.get(0).step()).isEqualTo(3);
    assertThat(resumed.steps).hasSize(14);
    new Fit(
            inOrder,
            new MadeUpExamples(EXAMPLES),
            BatchGradients.of(MODEL),
            Map.of(),
            new CheckpointFile(file),
            heard)
        .run(MODEL.start(), true);
    assertThat(heard.steps).isEmpty();
  }

  @Test
  void aFullDiskLeavesTheCheckpointBeforeIt() throws IOException {
    byte[] through = bytes(fit(SETTINGS, new Listener(-1)).run(MODEL.start(), false));
    CheckpointFile file = new CheckpointFile(folder.resolve("fit.checkpoint"));
    file.delete();
    Checkpoints fullAfterTwo =
        new Checkpoints() {
          private int saved;

          @Override
          public void save(FitState state, Map<String, String> identity) {
            if (++saved <= 2) {
              file.save(state, identity);
              return;
            }
            AtomicFile.write(
                file.file(),
                path -> {
                  Files.write(path, new byte[100]);
                  throw new IOException("No space left on device");
                });
          }

          @Override
          public Optional<FitState> load(Map<String, String> identity) {
            return file.load(identity);
          }
        };
    Fit full =
        new Fit(
            SETTINGS,
            new MadeUpExamples(EXAMPLES),
            BatchGradients.of(MODEL),
            Map.of("model", "softmax"),
            fullAfterTwo,
            new Listener(-1));
    assertThatThrownBy(() -> full.run(MODEL.start(), false))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("fit.checkpoint")
        .hasMessageContaining("No space left on device")
        .hasMessageContaining("what it held before is intact");
    Listener resumed = new Listener(-1);
    assertThat(bytes(fit(SETTINGS, resumed).run(MODEL.start(), true))).isEqualTo(through);
    assertThat(resumed.steps.get(0).step()).isEqualTo(7);
    try (var left = Files.list(folder)) {
      assertThat(left.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("fit.checkpoint", "final");
    }
  }
}
