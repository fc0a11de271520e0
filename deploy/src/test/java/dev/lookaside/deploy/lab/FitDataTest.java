package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fits on data sets and by recipes, on a made-up ESC-50 and Speech Commands. */
class FitDataTest {
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");

  @TempDir private Path folder;

  @BeforeEach
  void esc50() throws IOException {
    Files.createDirectories(folder.resolve("meta"));
    Files.createDirectories(folder.resolve("audio"));
    StringBuilder table = new StringBuilder("filename,fold,target,category\n");
    for (int i = 0; i < 10; i++) {
      String name = "%d-%d.wav".formatted(1 + i / 2, i);
      table.append("%s,%d,%d,%s%n".formatted(name, 1 + i / 2, i % 2, i % 2 == 0 ? "dog" : "rain"));
      WavWriter.writeInt16(folder.resolve("audio").resolve(name), noise(i));
    }
    Files.writeString(folder.resolve("meta/esc50.csv"), table);
  }

  private static Pcm noise(int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] samples = new float[8_000];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) (random.nextDouble() - 0.5) * (seed % 2 == 0 ? 0.5f : 0.05f);
    }
    return new Pcm(16_000, samples);
  }

  @Test
  void aFoldIsLeftOut() throws IOException {
    Path out = folder.resolve("a.safetensors");
    Cli run =
        Cli.run(
            "fit",
            "--dataset",
            "esc50",
            "--data",
            folder,
            "--fold",
            2,
            "--backbone",
            BACKBONE,
            "--tune",
            "linear-probe",
            "--epochs",
            1,
            "--window-frames",
            32,
            "--out",
            out,
            "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode done = new ObjectMapper().readTree(run.out());
    assertThat(done.get("clips").asInt()).isEqualTo(8);
    assertThat(Adapter.load(out).labels()).containsExactly("dog", "rain");
  }

  @Test
  void aRecipeIsFollowedButOptionsWin() throws IOException {
    Path out = folder.resolve("a.safetensors");
    Path log = folder.resolve("steps.jsonl");
    Cli run =
        Cli.run(
            "--stacktrace",
            "fit",
            "--recipe",
            "esc50/loaa-5pct",
            "--data",
            folder,
            "--backbone",
            BACKBONE,
            "--epochs",
            2,
            "--attn-rank=3",
            "--window-frames",
            32,
            "--log",
            log,
            "--out",
            out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    Adapter adapter = Adapter.load(out);
    assertThat(adapter.shape().attn().get(0).orElseThrow().kernel()).isEqualTo(Kernel.of("1x3"));
    assertThat(adapter.shape().attn().get(0).orElseThrow().rank()).isEqualTo(3);
    assertThat(adapter.shape().mlp().get(0).orElseThrow().kernel()).isEqualTo(Kernel.of("3x1"));
    assertThat(adapter.shape().mlp().get(0).orElseThrow().rank()).isEqualTo(36);
    assertThat(adapter.mean()).isEqualTo(-6.6268077f);
    assertThat(adapter.activation()).isEqualTo(Activation.SOFTMAX);
    assertThat(adapter.windowFrames()).isEqualTo(32);
    String[] steps = Files.readString(log).split("\n");
    assertThat(steps).hasSize(2);
    assertThat(new ObjectMapper().readTree(steps[0]).get("lr").asDouble()).isEqualTo(5e-4);
  }

  private Path speechCommands(int noiseSeed) throws IOException {
    Path words = folder.resolve("words" + noiseSeed);
    for (String word :
        ("backward bed bird cat dog down eight five follow forward four go happy house learn left"
                + " marvin nine no off on one right seven sheila six stop three tree two up visual"
                + " wow yes zero")
            .split(" ")) {
      Files.createDirectories(words.resolve(word));
      WavWriter.writeInt16(words.resolve(word).resolve("0a_nohash_0.wav"), noise(word.length()));
    }
    Files.createDirectories(words.resolve("_background_noise_"));
    WavWriter.writeInt16(words.resolve("_background_noise_/pink.wav"), noise(noiseSeed));
    Files.writeString(words.resolve("validation_list.txt"), "");
    Files.writeString(words.resolve("testing_list.txt"), "");
    return words;
  }

  private byte[] overNoise(Path words, Object... more) throws IOException {
    Path out = folder.resolve("noisy.safetensors");
    List<Object> call = new ArrayList<>(List.of("fit", "--data", words, "--backbone", BACKBONE));
    call.addAll(List.of("--epochs", 1, "--rank", 1, "--window-frames", 32, "--out", out));
    call.addAll(List.of(more));
    Cli run = Cli.run(call.toArray());
    assertThat(run.exitCode()).as(run.err()).isZero();
    return Files.readAllBytes(out);
  }

  @Test
  void theDataSetsOwnNoiseLiesUnderItsClips() throws IOException {
    Path words = speechCommands(100);
    Path others = speechCommands(102);
    Object[] noisy = {"--recipe", "speech-commands/loaa-5pct-background"};
    Object[] clean = {"--recipe", "speech-commands/loaa-5pct"};
    assertThat(overNoise(words, noisy)).isEqualTo(overNoise(words, noisy));
    assertThat(overNoise(words, noisy)).isNotEqualTo(overNoise(others, noisy));
    assertThat(overNoise(words, clean)).isEqualTo(overNoise(others, clean));
    Path out = folder.resolve("a.safetensors");
    refused(
        "--background \"0.5\": needs --ambience, the clips come without backgrounds",
        "fit",
        "--dataset",
        "esc50",
        "--data",
        folder,
        "--backbone",
        BACKBONE,
        "--background",
        "0.5",
        "--out",
        out);
  }

  @Test
  void soundsOfNoClassAreComposedIntoScenes() throws IOException {
    Path clips = folder.resolve("clips");
    Path others = folder.resolve("others");
    for (String name : List.of("low", "high")) {
      Files.createDirectories(clips.resolve(name));
      WavWriter.writeInt16(clips.resolve(name).resolve("a.wav"), noise(name.length()));
    }
    Files.createDirectories(others);
    WavWriter.writeInt16(others.resolve("b.wav"), noise(7));
    byte[] without = onScenes(clips);
    byte[] with = onScenes(clips, "--distractors", others, "--distractor-share", "0.5");
    assertThat(Arrays.equals(with, without)).isFalse();
    Path out = folder.resolve("a.safetensors");
    Object[] call = {"fit", clips, "--backbone", BACKBONE, "--out", out, "--distractors", others};
    refused("--distractors \"%s\": needs --scenes".formatted(others), call);
    refused(
        "--distractor-share \"1.0\": must be 0 or more and below 1",
        "fit",
        clips,
        "--backbone",
        BACKBONE,
        "--out",
        out,
        "--scenes",
        "1",
        "--distractor-share",
        "1");
  }

  private byte[] onScenes(Path clips, Object... more) throws IOException {
    Path out = folder.resolve("scenes.safetensors");
    List<Object> call = new ArrayList<>(List.of("fit", clips, "--backbone", BACKBONE));
    call.addAll(List.of("--scenes", 1, "--scene-seconds", 3, "--head", "columns"));
    call.addAll(List.of("--epochs", 1, "--rank", 1, "--window-frames", 32, "--out", out));
    call.addAll(List.of(more));
    Cli run = Cli.run(call.toArray());
    assertThat(run.exitCode()).as(run.err()).isZero();
    return Files.readAllBytes(out);
  }

  private void refused(String message, Object... words) {
    Cli run = Cli.run(words);
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
  }

  @Test
  void whatDoesNotFitTogetherIsSaid() {
    Path out = folder.resolve("a.safetensors");
    refused("CLIPS or --dataset", "fit", "--backbone", BACKBONE, "--out", out);
    refused(
        "--dataset \"esc50\": needs --data",
        "fit",
        "--dataset",
        "esc50",
        "--backbone",
        BACKBONE,
        "--out",
        out);
    refused(
        "CLIPS or --dataset",
        "fit",
        folder,
        "--dataset",
        "esc50",
        "--data",
        folder,
        "--backbone",
        BACKBONE,
        "--out",
        out);
    refused(
        "recipe \"esc50/best\": there is none",
        "fit",
        "--recipe",
        "esc50/best",
        "--data",
        folder,
        "--backbone",
        BACKBONE,
        "--out",
        out);
    refused(
        "labels do not match the adapter's: only the data set has [dog, rain]",
        "fit",
        "--dataset",
        "esc50",
        "--data",
        folder,
        "--backbone",
        BACKBONE,
        "--init",
        Golden.file("fit/initial.safetensors"),
        "--out",
        out);
  }

  private Cli fitFolder(Path clips, Object... more) {
    List<Object> words =
        new ArrayList<>(
            List.of("fit", clips, "--backbone", BACKBONE, "--tune", "linear-probe", "--epochs", 1));
    words.addAll(List.of("--window-frames", 32, "--out", folder.resolve("x.safetensors")));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  @Test
  void aFitThatCannotMeanAnythingIsRejected() throws IOException {
    Path one = Files.createDirectories(folder.resolve("one/metal"));
    for (int i = 0; i < 3; i++) {
      WavWriter.writeInt16(one.resolve(i + ".wav"), noise(i));
    }
    for (String activation : List.of("softmax", "sigmoid")) {
      Cli run = fitFolder(folder.resolve("one"), "--activation", activation);
      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.err())
          .contains("class \"metal\": is the only one, so it is right for every sound")
          .contains("give clips of a second class");
    }
    assertThat(folder.resolve("x.safetensors")).doesNotExist();
    Cli scenes = fitFolder(folder.resolve("one"), "--scenes", 2, "--head", "columns");
    assertThat(scenes.exitCode()).as(scenes.err()).isZero();
    Path silent = folder.resolve("silent");
    for (String name : List.of("a", "b")) {
      WavWriter.writeInt16(
          Files.createDirectories(silent.resolve(name)).resolve("1.wav"),
          new Pcm(16_000, new float[8_000]));
    }
    Cli run = fitFolder(silent);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("all are silent, so nothing is learnt");
    for (String name : List.of("a", "b")) {
      WavWriter.writeInt16(silent.resolve(name).resolve("1.wav"), noise(1));
    }
    assertThat(fitFolder(silent).err()).contains("all are the same sound");
    Files.copy(one.resolve("0.wav"), silent.resolve("a/2.wav"));
    Cli limited = fitFolder(silent, "--limit", 1);
    assertThat(limited.exitCode()).isEqualTo(1);
    assertThat(limited.err())
        .contains("--limit \"1\": must be at least one clip for each of the 2 classes");
  }
}
