package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FitCommandTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");
  private static final Path INITIAL = Golden.file("fit/initial.safetensors");
  private static final Path CLIPS = Golden.file("fit/clips");

  @TempDir private Path folder;

  private List<JsonNode> steps(Path log) throws IOException {
    List<JsonNode> steps = new ArrayList<>();
    for (String line : Files.readAllLines(log)) {
      steps.add(JSON.readTree(line));
    }
    return steps;
  }

  /** PyTorch fitted the same adapter to the same clips. */
  @Test
  void theGoldenFitIsFollowedStepByStep() throws IOException {
    JsonNode golden = JSON.readTree(Files.readString(Golden.file("fit/fit.json")));
    Path out = folder.resolve("a2.safetensors");
    Path log = folder.resolve("steps.jsonl");
    Cli run =
        Cli.run(
            "fit",
            CLIPS,
            "--backbone",
            BACKBONE,
            "--init",
            INITIAL,
            "--epochs",
            golden.get("epochs").asInt(),
            "--batch-size",
            golden.get("batch_size").asInt(),
            "--lr",
            golden.get("lr").asDouble(),
            "--weight-decay",
            golden.get("weight_decay").asDouble(),
            "--optimizer",
            "adamw",
            "--no-shuffle",
            "--no-augment",
            "--log",
            log,
            "--out",
            out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode losses = golden.get("losses");
    List<JsonNode> steps = steps(log);
    assertThat(steps).hasSize(losses.size());
    double worstLoss = 0;
    for (int i = 0; i < steps.size(); i++) {
      double expected = losses.get(i).asDouble();
      worstLoss = Math.max(worstLoss, Math.abs(steps.get(i).get("loss").asDouble() / expected - 1));
      assertThat(steps.get(i).get("step").asInt()).isEqualTo(i + 1);
      assertThat(steps.get(i).get("epoch").asInt()).isEqualTo(i / 3 + 1);
      assertThat(steps.get(i).get("lr").asDouble()).isEqualTo(1e-3);
    }
    assertThat(worstLoss).isLessThan(1e-4);
    Adapter expected = Adapter.load(Golden.file("fit/final.safetensors"));
    Adapter found = Adapter.load(out);
    expected
        .tensors()
        .forEach(
            (name, tensor) -> {
              float[] a = found.tensor(name).toArray();
              float[] b = tensor.toArray();
              double difference = 0;
              double norm = 0;
              double worst = 0;
              for (int i = 0; i < b.length; i++) {
                difference += Math.pow((double) a[i] - b[i], 2);
                norm += Math.pow(b[i], 2);
                worst = Math.max(worst, Math.abs((double) a[i] - b[i]));
              }
              assertThat(Math.sqrt(difference / norm)).as(name).isLessThan(1e-3);
              assertThat(worst).as(name).isLessThan(1e-4);
            });
    assertThat(found.backboneDigest()).contains(Backbone.load(BACKBONE).digest());
    assertThat(found.metadata()).containsEntry("parent", Adapter.load(INITIAL).digest());
    assertThat(folder.resolve("a2.safetensors.checkpoint")).doesNotExist();
  }

  private Cli fit(String out, Object... more) {
    Object[] fixed = {
      "fit", CLIPS, "--backbone", BACKBONE, "--epochs", "2", "--out", folder.resolve(out)
    };
    Object[] all = Arrays.copyOf(fixed, fixed.length + more.length);
    System.arraycopy(more, 0, all, fixed.length, more.length);
    return Cli.run(all);
  }

  @Test
  void aNewAdapterHasTheSitesAndBlocksAskedForAndTheClipsStatistics() {
    Cli run =
        fit(
            "new",
            "--tune",
            "loaa-both",
            "--attn-kernel",
            "3x3",
            "--mlp-rank",
            "5",
            "--rank",
            "4",
            "--last-blocks",
            "1",
            "--window-frames",
            "96",
            "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    Adapter adapter = Adapter.load(folder.resolve("new"));
    assertThat(adapter.shape().attn().get(0)).isEmpty();
    assertThat(adapter.shape().attn().get(1).orElseThrow().kernel()).isEqualTo(Kernel.BOTH);
    assertThat(adapter.shape().attn().get(1).orElseThrow().rank()).isEqualTo(4);
    assertThat(adapter.shape().mlp().get(1).orElseThrow().rank()).isEqualTo(5);
    assertThat(adapter.labels()).containsExactly("class0", "class1", "class2", "class3");
    assertThat(adapter.mean()).isNegative();
    assertThat(adapter.metadata()).doesNotContainKey("parent");
    assertThat(run.err()).contains("24 clips of 4 classes").contains("trainable parameters");
    assertThat(run.out()).contains("\"trainable\" : " + adapter.shape().parameters());
  }

  @Test
  void theSameSeedGivesTheSameBytesWithAugmentationAndShuffling() throws IOException {
    Object[] options = {
      "--tune", "loaa-mlp", "--rank", "2", "--window-frames", "96", "--mixup", "1"
    };
    assertThat(fit("one", options).exitCode()).isZero();
    assertThat(fit("two", options).exitCode()).isZero();
    assertThat(folder.resolve("one")).hasSameBinaryContentAs(folder.resolve("two"));
    Object[] other = Arrays.copyOf(options, options.length + 2);
    other[options.length] = "--seed";
    other[options.length + 1] = "2";
    assertThat(fit("three", other).exitCode()).isZero();
    assertThat(Files.readAllBytes(folder.resolve("three")))
        .isNotEqualTo(Files.readAllBytes(folder.resolve("one")));
  }

  @Test
  void fullFineTuningWritesABackboneThatTheNewAdapterFits() {
    Path backbone = folder.resolve("full-backbone");
    Cli run =
        fit(
            "full",
            "--tune",
            "full",
            "--out-backbone",
            backbone,
            "--window-frames",
            "96",
            "--stride",
            "10",
            "--lr",
            "1e-4");
    assertThat(run.exitCode()).as(run.err()).isZero();
    Adapter adapter = Adapter.load(folder.resolve("full"));
    Backbone tuned = Backbone.load(backbone);
    adapter.checkFits(tuned);
    assertThat(adapter.backboneDigest()).contains(tuned.digest());
    assertThat(adapter.metadata()).containsEntry("stride", "10");
    assertThat(tuned.spec().gridRows()).isEqualTo(12);
    assertThat(tuned.spec().gridColumns()).isEqualTo(9);
    float[] before = Backbone.load(BACKBONE).tensor("blocks.0.attn.qkv.weight").toArray();
    float[] after = tuned.tensor("blocks.0.attn.qkv.weight").toArray();
    assertThat(after).isNotEqualTo(before).containsExactly(before, within(0.02f));
  }

  @Test
  void scenesFitAColumnsHead() {
    Cli run =
        fit(
            "columns",
            "--scenes",
            "2",
            "--scene-seconds",
            "5",
            "--head",
            "columns",
            "--tune",
            "linear-probe",
            "--window-frames",
            "96");
    assertThat(run.exitCode()).as(run.err()).isZero();
    Adapter adapter = Adapter.load(folder.resolve("columns"));
    assertThat(adapter.columns()).isEqualTo(6);
    assertThat(adapter.metadata()).containsEntry("activation", "sigmoid");
  }

  @Test
  void wrongCallsAreOneLineThatNamesOptionAndValue() {
    assertThat(fit("x", "--tune", "lora").err())
        .contains("--tune")
        .contains("loaa-both")
        .contains("'lora'");
    assertThat(fit("x", "--tune", "full").err()).contains("--out-backbone");
    assertThat(fit("x", "--init", INITIAL, "--tune", "linear-probe").err())
        .contains("excludes --tune \"linear-probe\"");
    assertThat(fit("x", "--stride", "17").err()).contains("--stride \"17\": must be 1 to 16");
    assertThat(fit("x", "--head", "columns", "--stride", "8").err())
        .contains("--stride \"8\": must be 16 for a columns head");
    assertThat(fit("x", "--batch-size", "0").err()).contains("batch size \"0\"");
    assertThat(fit("x", "--schedule", "sometimes").err()).contains("schedule \"sometimes\"");
    assertThat(fit("none/x").err()).contains("its folder cannot be written to");
    assertThat(fit("x", "--init", INITIAL, "--scenes", "1").err()).contains("sigmoid");
  }

  @Test
  void labelsThatDoNotMatchTheAdapterAreNamed() throws IOException {
    Path clips = folder.resolve("clips");
    for (String label : List.of("class0", "class1", "class2", "other")) {
      Files.createDirectories(clips.resolve(label));
      Files.copy(CLIPS.resolve("class0/00.wav"), clips.resolve(label).resolve("a.wav"));
    }
    Cli run =
        Cli.run(
            "fit",
            clips,
            "--backbone",
            BACKBONE,
            "--init",
            INITIAL,
            "--out",
            folder.resolve("out"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("[other]").contains("[class3]").hasLineCount(1);
  }

  @Test
  void anAdapterOfAnotherBackboneIsRefused() {
    Cli random = Cli.run("backbone", "random", "--like", "demo", "--out", folder.resolve("demo"));
    assertThat(random.exitCode()).isZero();
    Cli run =
        Cli.run(
            "fit",
            CLIPS,
            "--backbone",
            folder.resolve("demo"),
            "--init",
            INITIAL,
            "--out",
            folder.resolve("out"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("width \"128\"").hasLineCount(1);
  }

  @Test
  void optionsThatWouldChangeNothingAreRefused() {
    assertThat(fit("x", "--tune", "parallel", "--attn-rank", "4").err())
        .contains("--tune \"parallel\": has no use for --attn-rank \"4\"");
    assertThat(fit("x", "--tune", "parallel", "--mlp-kernel", "3x3").err())
        .contains("has no use for --mlp-kernel \"3x3\"");
    assertThat(fit("x", "--tune", "linear-probe", "--last-blocks", "2").err())
        .contains("--tune \"linear-probe\": has no use for --last-blocks \"2\"");
    assertThat(fit("x", "--tune", "loaa-attn", "--mlp-rank", "2").err())
        .contains("--tune \"loaa-attn\": has no use for --mlp-rank \"2\"");
    for (String option :
        List.of("--rank", "--mean", "--std", "--window-frames", "--stride", "--last-blocks")) {
      assertThat(fit("x", "--init", INITIAL, option, "16").err())
          .contains("excludes " + option + " \"16\"");
    }
    assertThat(fit("x", "--init", INITIAL, "--attn-kernel", "1x3").err())
        .contains("excludes --attn-kernel \"1x3\"");
    assertThat(fit("x", "--init", INITIAL, "--frontend", "epic-logmel").err())
        .contains("--frontend \"epic-logmel\": adapter ")
        .contains("has ast-fbank");
  }

  /** A recipe's own adapter is not in the way of one that was typed. */
  @Test
  void aRecipeGoesOnFromAnAdapterOrTunesSomethingElse() {
    Object[] recipe = {"--recipe", "small/loaa-both", "--scenes", 0, "--epochs", 1};
    Object[] init = Arrays.copyOf(recipe, recipe.length + 2);
    init[recipe.length] = "--init";
    init[recipe.length + 1] = INITIAL;
    Cli on = fit("on", init);
    assertThat(on.exitCode()).as(on.err()).isZero();
    assertThat(Adapter.load(folder.resolve("on")).windowFrames())
        .isEqualTo(Adapter.load(Path.of(INITIAL.toString())).windowFrames());
    Object[] probe = Arrays.copyOf(recipe, recipe.length + 4);
    System.arraycopy(
        new Object[] {"--tune", "linear-probe", "--head", "clip"}, 0, probe, recipe.length, 4);
    Cli other = fit("other", probe);
    assertThat(other.exitCode()).as(other.err()).isZero();
    Object[] typed = Arrays.copyOf(probe, probe.length + 2);
    typed[probe.length] = "--rank";
    typed[probe.length + 1] = 24;
    assertThat(fit("typed", typed).err())
        .contains("--tune \"linear-probe\": has no use for --rank \"24\"");
  }

  @Test
  void anUnreadableClipIsNamedCountedAndLeftOutOrEndsTheFit() throws IOException {
    Path clips = folder.resolve("clips");
    for (String label : List.of("a", "b")) {
      Files.createDirectories(clips.resolve(label));
      String sound = label.equals("a") ? "class0/00.wav" : "class1/00.wav";
      Files.copy(CLIPS.resolve(sound), clips.resolve(label).resolve("1.wav"));
    }
    Files.writeString(clips.resolve("b/0.wav"), "no sound");
    Object[] call = {
      "fit",
      clips,
      "--backbone",
      BACKBONE,
      "--epochs",
      "1",
      "--tune",
      "linear-probe",
      "--out",
      folder.resolve("out")
    };
    Cli lenient = Cli.run(call);
    assertThat(lenient.exitCode()).as(lenient.err()).isZero();
    assertThat(lenient.err()).contains("0.wav").contains("1 of 3 clips skipped");
    Object[] strict = Arrays.copyOf(call, call.length + 1);
    strict[call.length] = "--strict";
    Cli refused = Cli.run(strict);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("0.wav").hasLineCount(1);
  }
}
