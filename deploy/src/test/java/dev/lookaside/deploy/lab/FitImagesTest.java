package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A vision transformer on a made-up Fashion-MNIST: a class is where the image is bright. */
class FitImagesTest {
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");
  private static final int SIDE = 28;
  private static final int CLASSES = 10;

  @TempDir private Path folder;

  @BeforeEach
  void images() throws IOException {
    write("train", 80, 1);
    write("t10k", 40, 2);
  }

  private void write(String split, int count, long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    ByteArrayOutputStream images = header(0x803, count, SIDE, SIDE);
    ByteArrayOutputStream labels = header(0x801, count);
    for (int i = 0; i < count; i++) {
      int label = i % CLASSES;
      labels.write(label);
      for (int p = 0; p < SIDE * SIDE; p++) {
        boolean bright = p / SIDE / 3 == label;
        images.write(random.nextInt(60) + (bright ? 190 : 0));
      }
    }
    Files.write(folder.resolve(split + "-labels-idx1-ubyte"), labels.toByteArray());
    try (GZIPOutputStream out =
        new GZIPOutputStream(
            Files.newOutputStream(folder.resolve(split + "-images-idx3-ubyte.gz")))) {
      out.write(images.toByteArray());
    }
  }

  private static ByteArrayOutputStream header(int... numbers) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (int number : numbers) {
      out.writeInt(number);
    }
    return bytes;
  }

  private Cli fit(Path out, Object... more) {
    List<Object> words = new ArrayList<>(List.of("fit", "--recipe", "small/fashion-mnist"));
    words.addAll(List.of("--data", folder, "--backbone", BACKBONE, "--window-frames", 32));
    words.addAll(List.of("--out", out, "--batch-size", 20, "--json"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  @Test
  void allWeightsAreFittedToImagesAndJudgedOnTheTestSplit() throws IOException {
    Path out = folder.resolve("head.safetensors");
    Path vision = folder.resolve("vision.safetensors");
    Cli done = fit(out, "--out-backbone", vision, "--epochs", 12, "--lr", "3e-3");
    assertThat(done.exitCode()).as(done.err()).isZero();
    assertThat(done.err()).contains("80 images of 10 classes");
    assertThat(new ObjectMapper().readTree(done.out()).get("images").asInt()).isEqualTo(80);
    assertThat(Adapter.load(out).labels()).contains("sneaker").hasSize(CLASSES);
    assertThat(Backbone.load(vision).digest()).isNotEqualTo(Backbone.load(BACKBONE).digest());

    Path json = folder.resolve("scores.json");
    Cli judged =
        Cli.run(
            "evaluate",
            "--backbone",
            vision,
            "--adapter",
            out,
            "--dataset",
            "fashion-mnist",
            "--data",
            folder,
            "--json",
            json);
    assertThat(judged.exitCode()).as(judged.err()).isZero();
    assertThat(judged.out()).contains("fashion-mnist, test split, recognition");
    JsonNode figures = new ObjectMapper().readTree(Files.readString(json)).get("figures");
    assertThat(figures.get("clips").asInt()).isEqualTo(40);
    // A guess is right once in ten times.
    assertThat(figures.get("top1").asDouble()).isGreaterThan(0.6);
  }

  @Test
  void aPartOfTheImagesGivesTheSameBytesAgainAndAnotherFitFromIt() throws IOException {
    Path one = folder.resolve("one.safetensors");
    Path two = folder.resolve("two.safetensors");
    Object[] probe = {
      "--tune", "linear-probe", "--limit", 30, "--mixup", "0.5", "--head", "columns"
    };
    Cli first = fit(one, probe);
    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.err()).contains("30 images");
    assertThat(fit(two, probe).exitCode()).isZero();
    assertThat(two).hasSameBinaryContentAs(one);
    Cli on =
        Cli.run(
            "fit",
            "--dataset",
            "fashion-mnist",
            "--data",
            folder,
            "--backbone",
            BACKBONE,
            "--init",
            one,
            "--epochs",
            1,
            "--limit",
            20,
            "--no-augment",
            "--out",
            two);
    assertThat(on.exitCode()).as(on.err()).isZero();
    assertThat(Adapter.load(two).metadata()).containsEntry("parent", Adapter.load(one).digest());
  }

  private static void refused(Cli run, String message) {
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
  }

  @Test
  void whatIsForSoundsIsRefused() {
    Path out = folder.resolve("a.safetensors");
    Object[] probe = {"--tune", "linear-probe", "--scenes", 2};
    refused(
        fit(out, probe), "--scenes, --task detection, --background and --ambience: are for sounds");
    refused(
        fit(out, "--tune", "linear-probe", "--background", "0.5"),
        "--scenes, --task detection, --background and --ambience: are for sounds");
    refused(
        fit(out, "--tune", "linear-probe", "--fold", 1), "--fold \"1\": data set fashion-mnist");
    refused(fit(out, "--tune", "linear-probe", "--limit", 0), "--limit \"0\": must be 1 or more");
    Object[] judged = {
      "evaluate",
      "--backbone",
      BACKBONE,
      "--adapter",
      Golden.file("fit/final.safetensors"),
      "--dataset",
      "fashion-mnist",
      "--data",
      folder
    };
    refused(Cli.run(judged), "fashion-mnist: labels do not match the adapter's");
  }
}
