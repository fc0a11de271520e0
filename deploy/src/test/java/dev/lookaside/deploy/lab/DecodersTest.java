package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.TimedTable;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.send.Scene;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecodersTest {
  private static final Path MODEL = Path.of("src/main/resources/demo-model");
  private static final Path CLIPS = Path.of("src/main/resources/sounds");
  private static final Path ADAPTER = MODEL.resolve("adapter.safetensors");
  private static final Path BACKBONE = MODEL.resolve("backbone.safetensors");

  @TempDir private Path folder;

  private static Cli decoders(Object... more) {
    List<Object> words = new ArrayList<>(List.of("decoders", CLIPS, "--tune-on", CLIPS));
    words.addAll(List.of("--backbone", BACKBONE, "--scene-seconds", 10));
    if (!List.of(more).contains("--scenes")) {
      words.addAll(List.of("--scenes", 4));
    }
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  @Test
  void allDecodersAreJudgedAndTheTunedOnesWrittenForOtherCommands() throws Exception {
    Path out = folder.resolve("tuned.safetensors");
    Cli done = decoders("--adapter", ADAPTER, "--out", out, "--json");
    assertThat(done.exitCode()).as(done.err()).isZero();
    JsonNode rows = new ObjectMapper().readTree(done.out());
    assertThat(rows.findValuesAsText("decoder")).containsExactly("hysteresis", "sebb", "median");
    for (JsonNode row : rows) {
      assertThat(row.get("eventF1").doubleValue()).isBetween(0.05, 1.0);
      assertThat(row.get("psds1").doubleValue()).isBetween(0.0, 1.0);
    }
    assertThat(Adapter.load(out).metadata().get("decoders")).contains("sebb", "median", "cells");
    Path clip;
    try (Stream<Path> files = Files.list(CLIPS.resolve("cymbal"))) {
      clip = files.sorted().findFirst().orElseThrow();
    }
    Cli heard =
        Cli.run("classify", clip, "--backbone", BACKBONE, "--adapter", out, "--decoder", "median");
    assertThat(heard.exitCode()).as(heard.err()).isZero();
    assertThat(heard.out()).contains("cymbal");
  }

  /** A data set of clips says what sounds, not when: its clips are composed into scenes. */
  @Test
  void aDataSetOfClipsIsComposedIntoScenesOfItsSplits() throws Exception {
    Files.createDirectories(folder.resolve("meta"));
    Files.createDirectories(folder.resolve("audio"));
    StringBuilder table = new StringBuilder("filename,fold,target,category\n");
    List<String> labels = Adapter.load(ADAPTER).labels().stream().sorted().toList();
    for (int i = 0; i < labels.size(); i++) {
      List<Path> clips;
      try (Stream<Path> files = Files.list(CLIPS.resolve(labels.get(i)))) {
        clips = files.filter(f -> f.toString().endsWith(".flac")).sorted().limit(2).toList();
      }
      for (int fold = 1; fold <= 2; fold++) {
        String name = fold + "-" + labels.get(i);
        Files.copy(clips.get(fold - 1), folder.resolve("audio").resolve(name + ".flac"));
        table.append("%s.wav,%d,%d,%s%n".formatted(name, fold, i, labels.get(i)));
      }
    }
    Files.writeString(folder.resolve("meta/esc50.csv"), table);
    Cli done =
        Cli.run(
            "decoders",
            "--dataset",
            "esc50",
            "--data",
            folder,
            "--fold",
            2,
            "--backbone",
            BACKBONE,
            "--adapter",
            ADAPTER,
            "--scenes",
            4,
            "--scene-seconds",
            10,
            "--json");
    assertThat(done.exitCode()).as(done.err()).isZero();
    assertThat(done.err())
        .contains("esc50: scenes of its clips, chosen on train, evaluated on test");
    JsonNode rows = new ObjectMapper().readTree(done.out());
    assertThat(rows.findValuesAsText("decoder")).containsExactly("hysteresis", "sebb", "median");
    assertThat(rows.get(0).get("eventF1").doubleValue()).isBetween(0.02, 1.0);
    assertThat(rows.get(0).get("map@0.5").doubleValue())
        .isLessThanOrEqualTo(rows.get(0).get("map@0.1").doubleValue());
  }

  @Test
  void headsAreComparedOnTheSameScenes() throws Exception {
    Path clip = folder.resolve("clip.safetensors");
    Cli fitted =
        Cli.run(
            "fit",
            CLIPS,
            "--backbone",
            BACKBONE,
            "--tune",
            "linear-probe",
            "--activation",
            "sigmoid",
            "--no-augment",
            "--epochs",
            20,
            "--lr",
            "1e-2",
            "--out",
            clip);
    assertThat(fitted.exitCode()).as(fitted.err()).isZero();
    Cli alone = decoders("--adapter", ADAPTER, "--scenes", 2, "--json");
    Cli done = decoders("--adapter", clip, "--adapter", ADAPTER, "--scenes", 2, "--json");
    assertThat(done.exitCode()).as(done.err()).isZero();
    JsonNode rows = new ObjectMapper().readTree(done.out());
    assertThat(rows.findValuesAsText("head"))
        .containsExactly("clip", "clip", "clip", "columns", "columns", "columns");
    assertThat(rows.findValuesAsText("adapter"))
        .startsWith(clip.toString())
        .endsWith(ADAPTER.toString());
    assertThat(rows.findValuesAsText("decoder"))
        .containsExactly("hysteresis", "sebb", "median", "hysteresis", "sebb", "median");
    // What one adapter hears does not depend on its company.
    JsonNode before = new ObjectMapper().readTree(alone.out());
    for (int r = 0; r < 3; r++) {
      assertThat(rows.get(3 + r)).isEqualTo(before.get(r));
      double sum = 0;
      for (String at : new String[] {"0.1", "0.2", "0.3", "0.4", "0.5"}) {
        sum += rows.get(r).get("map@" + at).doubleValue();
      }
      assertThat(sum / 5).isCloseTo(rows.get(r).get("averageMap").doubleValue(), within(1e-9));
    }
  }

  /** Recordings of ten seconds, composed by another command, as a data set with times. */
  private Path recordings(String... splits) throws Exception {
    TimedTable table = new TimedTable();
    for (int i = 0; i < splits.length; i++) {
      Scene scene = new ComposedScenes(CLIPS, Adapter.load(ADAPTER).labels(), 10, 5 + i).scene(0);
      String name = i + ".wav";
      WavWriter.writeInt16(folder.resolve(name), scene.audio());
      table.recording(name, splits[i], scene.events());
    }
    table.write(folder, Adapter.load(ADAPTER).labels());
    return folder;
  }

  private static Cli ofDataSet(Path data, Object... more) {
    List<Object> words = new ArrayList<>(List.of("decoders", "--dataset", "csv", "--data", data));
    words.addAll(List.of("--backbone", BACKBONE, "--adapter", ADAPTER, "--json"));
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }

  @Test
  void numbersAreChosenOnTheValidationSplitOfADataSet() throws Exception {
    Path data = recordings("validation", "validation", "test");
    Path out = folder.resolve("tuned.safetensors");
    Cli done = ofDataSet(data, "--out", out);
    assertThat(done.exitCode()).as(done.err()).isZero();
    assertThat(done.err()).contains("csv: chosen on validation, evaluated on test");
    JsonNode rows = new ObjectMapper().readTree(done.out());
    assertThat(rows.findValuesAsText("decoder")).containsExactly("hysteresis", "sebb", "median");
    assertThat(rows.get(0).get("recordings").asInt()).isEqualTo(1);
    assertThat(Adapter.load(out).metadata().get("decoders")).contains("sebb", "median");
    // The same numbers judged where they were chosen: both recordings, and it is said.
    Cli there = ofDataSet(data, "--split", "validation");
    assertThat(there.err()).contains("figures are too good");
    JsonNode own = new ObjectMapper().readTree(there.out());
    assertThat(own.get(0).get("recordings").asInt()).isEqualTo(2);
    // evaluate --decoder has the numbers that were written: thresholds to four digits.
    Path scores = folder.resolve("scores.json");
    Cli evaluated =
        Cli.run(
            "evaluate",
            "--task",
            "detection",
            "--dataset",
            "csv",
            "--data",
            data,
            "--split",
            "validation",
            "--backbone",
            BACKBONE,
            "--adapter",
            out,
            "--decoder",
            "sebb",
            "--json",
            scores);
    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
    assertThat(new ObjectMapper().readTree(scores.toFile()).at("/figures/eventF1micro").asDouble())
        .isCloseTo(own.get(1).get("eventF1").asDouble(), within(0.05));
  }

  @Test
  void whatADataSetLacksIsNamed() throws Exception {
    Path data = recordings("test");
    assertThat(ofDataSet(data).err()).contains("split \"validation\": must be one of [test]");
    assertThat(ofDataSet(data, "--tune-on", CLIPS).err())
        .contains("CLIPS and --tune-on, or --dataset: one of them must be given, not both");
    assertThat(Cli.run("decoders", CLIPS, "--backbone", BACKBONE, "--adapter", ADAPTER).err())
        .contains("--tune-on: must be given with CLIPS");
    assertThat(decoders("--adapter", ADAPTER, "--tune-split", "train").err())
        .contains("--tune-split \"train\": needs --dataset");
  }

  @Test
  void wrongCallsNameWhatIsWrong() {
    assertThat(decoders("--adapter", ADAPTER, "--scenes", 1).err())
        .contains("--scenes \"1\": must be 2 or more");
    Cli two = decoders("--adapter", ADAPTER, "--adapter", ADAPTER, "--out", folder.resolve("x"));
    assertThat(two.exitCode()).isEqualTo(1);
    assertThat(two.err()).contains("is for one --adapter, not 2");
  }
}
