package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.deploy.cli.TimedTable;
import dev.lookaside.ingest.send.LabelledEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");
  private static final Path CLIPS = Golden.file("fit/clips");

  @TempDir private Path folder;

  @Test
  void aRunIsFittedJudgedAndReportedWithOneOptionEach() throws Exception {
    Path run = folder.resolve("runs/first");
    Cli fit =
        Cli.run(
            "fit",
            CLIPS,
            "--backbone",
            BACKBONE,
            "--run",
            run,
            "--tune",
            "linear-probe",
            "--epochs",
            2,
            "--batch-size",
            8,
            "--threads",
            1);
    assertThat(fit.exitCode()).as(fit.err()).isZero();
    assertThat(run.resolve("adapter.safetensors")).exists();
    Cli evaluate = Cli.run("evaluate", CLIPS, "--backbone", BACKBONE, "--run", run);
    assertThat(evaluate.exitCode()).as(evaluate.err()).isZero();
    JsonNode found = new ObjectMapper().readTree(run.resolve("evaluation.json").toFile());
    assertThat(found.get("truth").size()).isEqualTo(found.at("/figures/clips").asInt());
    assertThat(found.get("posteriors").size()).isEqualTo(found.get("ids").size());

    Path html = folder.resolve("r.html");
    Cli report = Cli.run("report", run, "--out", html);
    assertThat(report.exitCode()).as(report.err()).isZero();
    int steps = Files.readAllLines(run.resolve("steps.jsonl")).size();
    assertThat(Files.readString(html))
        .contains("over " + steps + " steps</title>")
        .contains("<title>first</title>")
        .contains("Confusion")
        .contains(found.at("/title").asText());
  }

  @Test
  void aDetectionHasItsPrecisionsPerClass() throws Exception {
    Path clip;
    try (var files = Files.walk(CLIPS)) {
      clip = files.filter(f -> f.toString().endsWith(".wav")).sorted().findFirst().orElseThrow();
    }
    Path adapter = Golden.file("fit/final.safetensors");
    String label = String.valueOf(CLIPS.relativize(clip).getName(0));
    Files.copy(clip, folder.resolve("a.wav"));
    new TimedTable()
        .recording("a.wav", "test", List.of(new LabelledEvent(label, 0, .3)))
        .write(folder, Adapter.load(adapter).labels());
    Path run = folder.resolve("run");
    Cli evaluate =
        Cli.run(
            "evaluate",
            "--task",
            "detection",
            "--dataset",
            "csv",
            "--data",
            folder,
            "--backbone",
            BACKBONE,
            "--adapter",
            adapter,
            "--run",
            run);
    assertThat(evaluate.exitCode()).as(evaluate.err()).isZero();
    Path html = folder.resolve("r.html");
    Cli report = Cli.run("report", run, "--out", html);
    assertThat(report.exitCode()).as(report.err()).isZero();
    JsonNode found = new ObjectMapper().readTree(run.resolve("evaluation.json").toFile());
    assertThat(Files.readString(html))
        .contains("<th>class</th><th>AP</th>")
        .contains("<th>AP@0.1</th>", "<th>AP@0.5</th>", "<th>eventF1</th>", "<th>segmentF1</th>")
        .contains("<th scope='row'>" + label + "</th>")
        .contains("segmentErrorRate")
        .doesNotContain("NaN");
    assertThat(found.at("/classes/" + label + "/AP@0.3").isNumber()).isTrue();
  }

  @Test
  void whatIsMissingIsNamed() {
    Cli nowhere = Cli.run("report", folder.resolve("none"), "--out", folder.resolve("r.html"));
    assertThat(nowhere.exitCode()).isEqualTo(1);
    assertThat(nowhere.err()).contains("none\": is no folder");
    Cli empty = Cli.run("report", folder, "--out", folder.resolve("r.html"));
    assertThat(empty.exitCode()).isEqualTo(1);
    assertThat(empty.err()).contains("holds neither steps.jsonl");
    assertThat(folder.resolve("r.html")).doesNotExist();
    Cli fit = Cli.run("fit", CLIPS, "--backbone", BACKBONE);
    assertThat(fit.exitCode()).isEqualTo(2);
    assertThat(fit.err()).contains("--out or --run");
    Cli evaluate = Cli.run("evaluate", CLIPS, "--backbone", BACKBONE);
    assertThat(evaluate.exitCode()).isEqualTo(2);
    assertThat(evaluate.err()).contains("--adapter or --run");
  }
}
