package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Detection on whole recordings, from a fit to the challenge's files, on a made-up EPIC-SOUNDS. */
class FitDetectionTest {
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int RATE_HZ = 24_000;
  private static final List<String> TEST_VIDEOS =
      List.of(
          "P01_101", "P12_102", "P22_114", "P23_103", "P27_102", "P30_102", "P30_105", "P30_106",
          "P33_101", "P33_102", "P33_103", "P33_104", "P33_105", "P33_106", "P33_107", "P33_108",
          "P33_109", "P33_110", "P33_111", "P35_102", "P35_106", "P36_101", "P36_102");

  @TempDir private Path folder;

  @BeforeEach
  void distribution() throws IOException {
    Files.createDirectories(folder.resolve("audio"));
    table("train", video("P01_01", 1));
    table("validation", video("P01_02", 2));
    for (String name : TEST_VIDEOS) {
      write(name, noise(3, RATE_HZ + 600));
    }
  }

  /** Loud from 1 to 1.5 s and from 3 to 4 s of 5: what "water" means here. */
  private String video(String name, int seed) throws IOException {
    float[] samples = noise(seed, 5 * RATE_HZ);
    for (int i = 0; i < samples.length; i++) {
      double at = (double) i / RATE_HZ;
      boolean loud = (at >= 1 && at < 1.5) || (at >= 3 && at < 4);
      samples[i] *= loud ? 1 : 0.002f;
    }
    write(name, samples);
    return name;
  }

  private static float[] noise(int seed, int samples) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] noise = new float[samples];
    for (int i = 0; i < samples; i++) {
      noise[i] = (float) (random.nextDouble() - 0.5);
    }
    return noise;
  }

  private void write(String name, float[] samples) throws IOException {
    WavWriter.writeInt16(folder.resolve("audio").resolve(name + ".wav"), new Pcm(RATE_HZ, samples));
  }

  private void table(String split, String video) throws IOException {
    Files.writeString(
        folder.resolve("EPIC_Sounds_" + split + ".csv"),
        """
        annotation_id,participant_id,video_id,start_timestamp,stop_timestamp,start_sample,stop_sample,description,class,class_id
        %1$s_0,P01,%1$s,00:00:01.000,00:00:01.500,0,0,tap,water,5
        %1$s_1,P01,%1$s,00:00:03.000,00:00:04.000,0,0,tap,water,5
        """
            .formatted(video));
  }

  private Cli fit(String recipe, Path out, Object... more) {
    List<Object> words = new ArrayList<>(List.of("fit", "--recipe", recipe, "--data", folder));
    words.addAll(List.of("--backbone", BACKBONE, "--out", out, "--rank", 2, "--batch-size", 8));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  private Cli evaluate(String recipe, Path adapter, Object... more) {
    List<Object> words = new ArrayList<>(List.of("evaluate", "--recipe", recipe));
    words.addAll(List.of("--data", folder, "--backbone", BACKBONE, "--adapter", adapter));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  private static JsonNode submission(Path zip) throws IOException {
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      assertThat(in.getNextEntry().getName()).isEqualTo("test.json");
      return JSON.readTree(in.readAllBytes());
    }
  }

  @Test
  void fromWholeRecordingsToTheChallengesFiles() throws IOException {
    String recipe = "epic-sounds/detection-columns";
    Path fitted = folder.resolve("a.safetensors");
    Cli done = fit(recipe, fitted, "--epochs", 60, "--lr", "5e-3", "--hop-frames", 60, "--json");
    assertThat(done.exitCode()).as(done.err()).isZero();
    assertThat(JSON.readTree(done.out()).get("recordings").asInt()).isEqualTo(1);
    Adapter adapter = Adapter.load(fitted);
    assertThat(adapter.head()).isEqualTo(HeadKind.COLUMNS);
    assertThat(adapter.activation()).isEqualTo(Activation.SIGMOID);
    assertThat(adapter.windowFrames()).isEqualTo(208);

    Path calibrated = folder.resolve("b.safetensors");
    Path json = folder.resolve("validation.json");
    Path zip = folder.resolve("validation.zip");
    Cli judged =
        evaluate(recipe, fitted, "--submission", zip, "--json", json, "--calibrate-to", calibrated);
    assertThat(judged.exitCode()).as(judged.err()).isZero();
    assertThat(judged.out()).contains("epic-sounds, validation split, detection", "averageMAP");
    assertThat(submission(zip).get("results").has("P01_02")).isTrue();

    Cli again = evaluate(recipe, calibrated, "--json", json);
    assertThat(again.exitCode()).as(again.err()).isZero();
    JsonNode figures = JSON.readTree(Files.readString(json)).get("figures");
    assertThat(figures.get("mAP@0.5").asDouble()).isGreaterThan(0.9);
    assertThat(figures.get("eventF1micro").asDouble()).isGreaterThan(0.9);

    Path test = folder.resolve("test.zip");
    Cli submitted = evaluate(recipe, calibrated, "--split", "detection-test", "--submission", test);
    assertThat(submitted.exitCode()).as(submitted.err()).isZero();
    JsonNode document = submission(test);
    assertThat(document.get("challenge").asText()).isEqualTo("audio_based_interaction_detection");
    List<String> videos = new ArrayList<>();
    document.get("results").fieldNames().forEachRemaining(videos::add);
    assertThat(videos).containsExactlyElementsOf(TEST_VIDEOS);
    assertThat(document.get("results").get("P36_102").get(0).get("interaction").asInt())
        .isEqualTo(5);
  }

  @Test
  void aClipHeadIsFittedOnTheSameWindows() throws IOException {
    Path fitted = folder.resolve("a.safetensors");
    Cli done = fit("epic-sounds/detection-clip", fitted, "--epochs", 1, "--limit", 3);
    assertThat(done.exitCode()).as(done.err()).isZero();
    assertThat(Adapter.load(fitted).head()).isEqualTo(HeadKind.CLIP);
    Cli judged = evaluate("epic-sounds/detection-clip", fitted);
    assertThat(judged.exitCode()).as(judged.err()).isZero();
    assertThat(judged.out()).contains("PSDS1");
    Files.delete(folder.resolve("audio/P22_114.wav"));
    Path zip = folder.resolve("test.zip");
    refused(
        "has no audio of 1 of its 23 videos: [P22_114]",
        evaluate(
            "epic-sounds/detection-clip",
            fitted,
            "--split",
            "detection-test",
            "--submission",
            zip));
    assertThat(zip).doesNotExist();
  }

  @Test
  void aRecordingThatCannotBeReadIsNamedCountedAndLeftOutOrEndsTheFit() throws IOException {
    Path table = folder.resolve("EPIC_Sounds_train.csv");
    String more = "P01_03_0,P01,P01_03,00:00:00.100,00:00:00.500,0,0,tap,water,5\n";
    Files.writeString(table, Files.readString(table) + more);
    Files.writeString(folder.resolve("audio/P01_03.wav"), "no sound");
    String recipe = "epic-sounds/detection-columns";
    Path fitted = folder.resolve("a.safetensors");
    Cli lenient = fit(recipe, fitted, "--epochs", 1, "--json");
    assertThat(lenient.exitCode()).as(lenient.err()).isZero();
    assertThat(lenient.err()).contains("P01_03").contains("1 of 2 recordings skipped");
    assertThat(JSON.readTree(lenient.out()).get("skipped").asInt()).isEqualTo(1);
    Path other = folder.resolve("b.safetensors");
    Cli strict = fit(recipe, other, "--epochs", 1, "--strict");
    refused("P01_03", strict);
    assertThat(other).doesNotExist();
  }

  private void refused(String message, Cli run) {
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
  }

  @Test
  void whatDoesNotGoTogetherIsSaidBeforeAnySoundIsRead() throws IOException {
    String recipe = "epic-sounds/detection-columns";
    Path out = folder.resolve("a.safetensors");
    try (var files = Files.list(folder.resolve("audio"))) {
      for (Path file : files.toList()) {
        Files.writeString(file, "no sound");
      }
    }
    refused(
        "--balanced: is for clips; a window of --task \"detection\" has no one class",
        fit(recipe, out, "--balanced"));
    refused("--scenes: excludes --task \"detection\"", fit(recipe, out, "--scenes", 2));
    refused("--mixup and --background: are for clips", fit(recipe, out, "--mixup", "0.5"));
    Object[] scenes = {
      "fit", folder, "--backbone", BACKBONE, "--out", out, "--balanced", "--scenes", 2
    };
    refused("--balanced: is for clips; a window of --scenes has no one class", Cli.run(scenes));
    refused(
        "--hop-frames \"8\": needs --task detection",
        Cli.run("fit", folder, "--backbone", BACKBONE, "--out", out, "--hop-frames", 8));
    refused(
        "--task \"detection\": needs --dataset",
        Cli.run("fit", folder, "--backbone", BACKBONE, "--out", out, "--task", "detection"));
  }

  @Test
  void softmaxCannotHearTwoSoundsAtOnce() {
    refused(
        "--activation \"softmax\": must be sigmoid",
        fit(
            "epic-sounds/detection-columns",
            folder.resolve("a.safetensors"),
            "--activation",
            "softmax"));
  }
}
