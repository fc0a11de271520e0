package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareTest {
  @TempDir private Path runs;

  private Cli compare(Object... more) {
    Path none = runs.resolve("none");
    Object[] words = {
      "compare",
      "small/linear-probe",
      "small/loaa-both",
      "--train",
      none,
      "--test",
      none,
      "--backbone",
      none,
      "--runs",
      runs,
      "--seeds",
      2
    };
    Object[] all = new Object[words.length + more.length];
    System.arraycopy(words, 0, all, 0, words.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return Cli.run(all);
  }

  private void ran(String recipe, int seed, double top1) throws Exception {
    Files.writeString(
        runs.resolve("small-%s-%d.json".formatted(recipe, seed)),
        "{\"trainable\": 1930, \"percent\": 0.07, \"top1\": %s, \"mAP\": 0.5}".formatted(top1));
  }

  @Test
  void runsThatAreThereAreNotRunAgainAndMeansAreOverSeeds() throws Exception {
    ran("linear-probe", 1, 0.4);
    ran("linear-probe", 2, 0.5);
    ran("loaa-both", 1, 0.6);
    ran("loaa-both", 2, 0.6);
    JsonNode rows = new ObjectMapper().readTree(compare("--json").out());
    assertThat(rows).hasSize(2);
    JsonNode probe = rows.get(0).get("top1");
    assertThat(probe.get("mean").doubleValue()).isCloseTo(0.45, within(1e-12));
    assertThat(probe.get("deviation").doubleValue()).isCloseTo(Math.sqrt(0.005), within(1e-12));
    assertThat(rows.get(1).get("top1").get("deviation").doubleValue()).isZero();
    String table = compare().out();
    assertThat(table).contains("small/linear-probe", "1,930", "0.450 ± 0.071", "0.600 ± 0.000");
  }

  @Test
  void aRunThatFailsEndsItWithTheCommandThatFailed() {
    Cli done = compare();
    assertThat(done.exitCode()).isEqualTo(1);
    assertThat(done.err())
        .contains("stopped: lookaside fit")
        .contains("--recipe small/linear-probe");
  }

  private void esc50(Path folder) throws IOException {
    Files.createDirectories(folder.resolve("meta"));
    Files.createDirectories(folder.resolve("audio"));
    StringBuilder table = new StringBuilder("filename,fold,target,category\n");
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 10; i++) {
      String name = i + ".wav";
      table.append("%s,%d,%d,%s%n".formatted(name, 1 + i / 2, i % 2, i % 2 == 0 ? "dog" : "rain"));
      float[] samples = new float[8_000];
      for (int s = 0; s < samples.length; s++) {
        samples[s] = (float) ((random.nextDouble() - 0.5) * (i % 2 == 0 ? 0.5 : 0.01));
      }
      WavWriter.writeInt16(folder.resolve("audio").resolve(name), new Pcm(16_000, samples));
    }
    Files.writeString(folder.resolve("meta/esc50.csv"), table);
  }

  /** As the papers do: a fit per fold, judged on it. */
  @Test
  void aRecipeOfEsc50IsFittedOncePerFold(@TempDir Path data) throws IOException {
    esc50(data);
    Object[] words = {
      "compare",
      "esc50/linear-probe",
      "--data",
      data,
      "--backbone",
      Golden.file("fit/backbone.safetensors"),
      "--runs",
      runs,
      "--seeds",
      1,
      "--threads",
      1,
      "--json"
    };
    Cli run = Cli.run(words);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("esc50/linear-probe, fold 5, seed 1");
    JsonNode row = new ObjectMapper().readTree(run.out()).get(0);
    assertThat(row.get("runs").asInt()).isEqualTo(5);
    double[] top1 = new double[5];
    for (int fold = 1; fold <= 5; fold++) {
      JsonNode figures =
          new ObjectMapper()
              .readTree(runs.resolve("esc50-linear-probe-fold%d-1.json".formatted(fold)).toFile());
      top1[fold - 1] = figures.get("top1").asDouble();
      JsonNode scores =
          new ObjectMapper()
              .readTree(
                  runs.resolve(
                          "esc50-linear-probe-fold%d-1.safetensors.scores.json".formatted(fold))
                      .toFile());
      assertThat(scores.at("/figures/clips").asInt()).isEqualTo(2);
      assertThat(scores.at("/figures/top1").asDouble()).isEqualTo(top1[fold - 1]);
    }
    double mean = Arrays.stream(top1).average().orElseThrow();
    assertThat(row.at("/top1/mean").asDouble()).isCloseTo(mean, within(1e-12));
    assertThat(row.at("/top1/deviation").asDouble())
        .isCloseTo(Compare.deviation(top1, mean), within(1e-12));
    assertThat(row.has("eventF1")).isFalse();
    // Two of the folds, without a fit: they stand there.
    Object[] two = Arrays.copyOf(words, words.length + 2);
    two[words.length] = "--folds";
    two[words.length + 1] = "2,3";
    Cli again = Cli.run(two);
    assertThat(again.err()).doesNotContain("seed 1");
    assertThat(new ObjectMapper().readTree(again.out()).at("/0/top1/mean").asDouble())
        .isCloseTo((top1[1] + top1[2]) / 2, within(1e-12));
  }

  @Test
  void aFitOfAllWeightsIsJudgedWithItsOwnBackbone(@TempDir Path data) throws IOException {
    esc50(data);
    Cli run =
        Cli.run(
            "compare",
            "esc50/full",
            "--data",
            data,
            "--folds",
            2,
            "--backbone",
            Golden.file("fit/backbone.safetensors"),
            "--runs",
            runs,
            "--seeds",
            1,
            "--threads",
            1,
            "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    Backbone fitted = Backbone.load(runs.resolve("backbone-esc50-full-fold2-1.safetensors"));
    Adapter.load(runs.resolve("esc50-full-fold2-1.safetensors")).checkFits(fitted);
    assertThat(new ObjectMapper().readTree(run.out()).at("/0/top1/mean").asDouble())
        .isBetween(0.0, 1.0);
  }

  private void refused(String message, Object... words) {
    Object[] all = {"compare", "--backbone", runs, "--runs", runs};
    Object[] call = Arrays.copyOf(all, all.length + words.length);
    System.arraycopy(words, 0, call, all.length, words.length);
    Cli run = Cli.run(call);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(message).hasLineCount(1);
  }

  @Test
  void whatIsMissingIsSaidBeforeAnyFit() {
    refused("--data: recipe \"esc50/full\" needs the folder of esc50", "esc50/full");
    refused(
        "--train and --test: recipe \"small/parallel\" needs both",
        "esc50/full",
        "small/parallel",
        "--data",
        runs);
    refused(
        "recipes of [epic-sounds, esc50] are more than one data set",
        "esc50/full",
        "epic-sounds/full",
        "--data",
        runs);
    refused(
        "--folds \"[1]\": none of the recipes is of esc50",
        "epic-sounds/full",
        "--data",
        runs,
        "--folds",
        1);
    refused("esc50.csv: no such file", "esc50/full", "--data", runs, "--folds", "1,6");
  }

  @Test
  void foldsAreThoseThatTheDataHas(@TempDir Path data) throws IOException {
    esc50(data);
    refused(
        "--folds \"6\": must be one of [1, 2, 3, 4, 5]",
        "esc50/full",
        "--data",
        data,
        "--folds",
        "1,6");
    refused("--folds \"[2, 2]\": must name each", "esc50/full", "--data", data, "--folds", "2,2");
    Path table = data.resolve("meta/esc50.csv");
    Files.write(table, Files.readAllLines(table).subList(0, 5));
    refused(
        "--folds \"5\": must be one of [1, 2], which have clips",
        "esc50/full",
        "--data",
        data,
        "--folds",
        5);
  }

  @Test
  void theFolderOfRunsIsMade(@TempDir Path data) throws IOException {
    esc50(data);
    Path table = data.resolve("meta/esc50.csv");
    Files.write(table, Files.readAllLines(table).subList(0, 5));
    Path made = runs.resolve("not/there/yet");
    Cli run =
        Cli.run(
            "compare",
            "esc50/linear-probe",
            "--data",
            data,
            "--backbone",
            Golden.file("fit/backbone.safetensors"),
            "--runs",
            made,
            "--seeds",
            1,
            "--threads",
            1,
            "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(made.resolve("esc50-linear-probe-fold2-1.json")).exists();
    assertThat(new ObjectMapper().readTree(run.out()).at("/0/runs").asInt()).isEqualTo(2);
    Path file = Files.createFile(runs.resolve("file"));
    Cli refused =
        Cli.run(
            "compare",
            "esc50/linear-probe",
            "--data",
            data,
            "--backbone",
            file,
            "--runs",
            file.resolve("below"));
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("--runs", "the folder cannot be made").hasLineCount(1);
  }
}
