package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Distribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A recognition row of the paper, from the annotations to the challenge's file, on a made-up
 * EPIC-SOUNDS.
 */
class EpicRecognitionTest {
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");
  private static final String RECIPE = "epic-sounds/loaa-attn-t-2pct";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int RATE_HZ = 24_000;
  private static final int CLASSES = 44;

  @TempDir private Path folder;
  private List<String> labels = List.of();

  @BeforeEach
  void distribution() throws IOException {
    Files.createDirectories(folder.resolve("audio"));
    for (String video : List.of("P01_01", "P01_02", "P01_03")) {
      SplittableRandom random = new SplittableRandom(video.hashCode());
      float[] samples = new float[(CLASSES / 2 + 4) * RATE_HZ];
      for (int i = 0; i < samples.length; i++) {
        // Every half second sounds otherwise.
        samples[i] = (float) ((random.nextDouble() - 0.5) * (1 + i / (RATE_HZ / 2) % 7) / 7);
      }
      WavWriter.writeInt16(
          folder.resolve("audio").resolve(video + ".wav"), new Pcm(RATE_HZ, samples));
    }
    test();
    DataSet named = Distribution.EPIC_SOUNDS.load(folder, Optional.empty());
    labels = named.labels();
    StringBuilder train = new StringBuilder(header() + ",description,class,class_id\n");
    for (int c = 0; c < CLASSES; c++) {
      train.append(line("P01_01", c, 0.5 * c, 0.5 * c + 0.5)).append(labelled(c));
    }
    Files.writeString(folder.resolve("EPIC_Sounds_train.csv"), train);
    Files.writeString(
        folder.resolve("EPIC_Sounds_validation.csv"),
        header()
            + ",description,class,class_id\n"
            + (line("P01_02", 0, 0, 1) + labelled(5))
            + (line("P01_02", 1, 1, 5) + labelled(7))
            + (line("P01_02", 2, 0, 8) + labelled(13)));
  }

  private void test() throws IOException {
    Files.writeString(
        folder.resolve("EPIC_Sounds_recognition_test_timestamps.csv"),
        "%s%n%s%n%s%n".formatted(header(), line("P01_03", 0, 2, 3), line("P01_03", 1, 4, 8)));
  }

  private static String header() {
    return "annotation_id,participant_id,video_id,start_timestamp,stop_timestamp,start_sample,stop_sample";
  }

  private static String line(String video, int number, double from, double until) {
    return String.format(
        java.util.Locale.ROOT,
        "%1$s_%2$d,P01,%1$s,00:00:%3$06.3f,00:00:%4$06.3f,%5$d,%6$d",
        video,
        number,
        from,
        until,
        (int) (from * RATE_HZ),
        (int) (until * RATE_HZ));
  }

  private String labelled(int classId) {
    return ",\"a sound, of sorts\",%s,%d%n".formatted(labels.get(classId), classId);
  }

  private Cli evaluate(Path backbone, Path adapter, Object... more) {
    List<Object> words = new ArrayList<>(List.of("evaluate", "--recipe", RECIPE, "--data", folder));
    words.addAll(List.of("--backbone", backbone, "--adapter", adapter));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  private JsonNode figures(Path adapter, Object... more) throws IOException {
    Path json = folder.resolve("scores.json");
    List<Object> words = new ArrayList<>(List.of("--json", json));
    words.addAll(List.of(more));
    Cli run = evaluate(BACKBONE, adapter, words.toArray());
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("epic-sounds, validation split, recognition");
    return JSON.readTree(Files.readString(json)).get("figures");
  }

  private JsonNode submission(Path adapter, Object... more) throws IOException {
    Path zip = folder.resolve("test.zip");
    List<Object> words = new ArrayList<>(List.of("--split", "test", "--submission", zip));
    words.addAll(List.of(more));
    Cli run = evaluate(BACKBONE, adapter, words.toArray());
    assertThat(run.exitCode()).as(run.err()).isZero();
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      assertThat(in.getNextEntry().getName()).isEqualTo("test.json");
      return JSON.readTree(in.readAllBytes());
    }
  }

  @Test
  void fromTheAnnotationsToTheChallengesFile() throws IOException {
    Path fitted = folder.resolve("a.safetensors");
    Path log = folder.resolve("steps.jsonl");
    List<Object> words = List.of("fit", "--recipe", RECIPE, "--data", folder, "--epochs", 1);
    List<Object> all = new ArrayList<>(words);
    all.addAll(List.of("--backbone", BACKBONE, "--out", fitted, "--log", log, "--rank", 4));
    Cli done = Cli.run(all.toArray());
    assertThat(done.exitCode()).as(done.err()).isZero();
    assertThat(done.err()).contains("44 clips of 44 classes");
    Adapter adapter = Adapter.load(fitted);
    assertThat(adapter.labels()).isEqualTo(labels);
    assertThat(adapter.windowFrames()).isEqualTo(400);
    assertThat(adapter.mean()).isZero();
    assertThat(adapter.std()).isEqualTo(0.5f);
    assertThat(adapter.head()).isEqualTo(HeadKind.CLIP);
    assertThat(adapter.shape().attn().get(0).orElseThrow().kernel()).isEqualTo(Kernel.of("1x3"));
    assertThat(adapter.shape().mlp().get(0)).isEmpty();
    // 44 clips in batches of 16; the first step of a warm-up from a hundredth.
    List<String> steps = Files.readAllLines(log);
    assertThat(steps).hasSize(3);
    assertThat(JSON.readTree(steps.get(0)).get("lr").asDouble()).isCloseTo(1e-6, within(1e-9));

    assertThat(figures(fitted).get("clips").asInt()).isEqualTo(3);
    assertThat(figures(fitted, "--redact-background").get("clips").asInt()).isEqualTo(2);

    JsonNode document = submission(fitted);
    assertThat(document.get("challenge").asText()).isEqualTo("audio_based_interaction_recognition");
    JsonNode results = document.get("results");
    assertThat(results.fieldNames()).toIterable().containsExactly("P01_03_0", "P01_03_1");
    assertThat(results.at("/P01_03_0/interaction")).hasSize(CLASSES);
    checkViews(results, submission(fitted, "--views", 1).get("results"));
  }

  /** Five views of a second are the same window; of 4 s they are not. */
  private static void checkViews(JsonNode five, JsonNode one) {
    double most = 0;
    for (int c = 0; c < CLASSES; c++) {
      String place = "/interaction/" + c;
      assertThat(five.get("P01_03_0").at(place).asDouble())
          .isCloseTo(5 * one.get("P01_03_0").at(place).asDouble(), within(1e-4));
      double apart =
          five.get("P01_03_1").at(place).asDouble() - 5 * one.get("P01_03_1").at(place).asDouble();
      most = Math.max(most, Math.abs(apart));
    }
    assertThat(most).isGreaterThan(1e-2);
  }

  /** Hours of scores would be for nothing. */
  @Test
  void aSplitWithoutLabelsIsRefusedBeforeAnythingIsScored() throws IOException {
    Path adapter = folder.resolve("a.safetensors");
    Path nothing = folder.resolve("none.safetensors");
    Cli fit =
        Cli.run(
            "fit",
            "--recipe",
            RECIPE,
            "--data",
            folder,
            "--epochs",
            1,
            "--limit",
            44,
            "--tune",
            "linear-probe",
            "--backbone",
            BACKBONE,
            "--out",
            adapter);
    assertThat(fit.exitCode()).as(fit.err()).isZero();
    String message =
        "--split \"test\": has no labels; all that can be made of it is a --submission";
    Cli alone = evaluate(nothing, adapter, "--split", "test");
    assertThat(alone.exitCode()).isEqualTo(1);
    assertThat(alone.err()).contains(message);
    Path zip = folder.resolve("test.zip");
    Path calibrated = folder.resolve("b.safetensors");
    Cli chosen =
        evaluate(
            nothing, adapter, "--split", "test", "--submission", zip, "--calibrate-to", calibrated);
    assertThat(chosen.exitCode()).isEqualTo(1);
    assertThat(chosen.err()).contains(message);
    assertThat(zip).doesNotExist();
  }
}
