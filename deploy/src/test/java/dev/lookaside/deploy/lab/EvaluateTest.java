package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.deploy.cli.TimedTable;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.example.Augmentation;
import dev.lookaside.trainer.example.ClipExamples;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.example.WindowSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateTest {
  private static final Path BACKBONE = Golden.file("fit/backbone.safetensors");
  private static final Path ADAPTER = Golden.file("fit/final.safetensors");
  private static final Path CLIPS = Golden.file("fit/clips");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  private static Cli evaluate(Object... more) {
    Object[] fixed = {"evaluate", "--backbone", BACKBONE, "--adapter", ADAPTER};
    Object[] all = java.util.Arrays.copyOf(fixed, fixed.length + more.length);
    System.arraycopy(more, 0, all, fixed.length, more.length);
    return Cli.run(all);
  }

  /** The share of clips whose greatest logit is their class, from the windows that a fit sees. */
  private static double top1() {
    Adapter adapter = Adapter.load(ADAPTER);
    ClipFolder listed = ClipFolder.list(CLIPS, adapter.labels());
    ClipSet set = ClipSet.read(adapter.frontEnd(), adapter.labels(), listed.clips(), true);
    ClipExamples examples = new ClipExamples(set, WindowSpec.of(adapter), false, Augmentation.NONE);
    int right = 0;
    try (Scorer scorer =
        Scorer.open(Backbone.load(BACKBONE), adapter, new ScorerSettings(Device.CPU, 1, 1))) {
      for (int i = 0; i < set.size(); i++) {
        float[] window = examples.example(i, new SplittableRandom(1)).window();
        float[] logits = scorer.logits(window, 1)[0];
        int best = 0;
        for (int c = 1; c < logits.length; c++) {
          best = logits[c] > logits[best] ? c : best;
        }
        right += best == set.label(i) ? 1 : 0;
      }
    }
    return (double) right / set.size();
  }

  @Test
  void recognitionJudgesTheWindowsThatAFitSees() throws IOException {
    Path json = folder.resolve("scores.json");
    Cli run = evaluate(CLIPS, "--json", json);
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode figures = JSON.readTree(Files.readString(json)).get("figures");
    assertThat(figures.get("top1").asDouble()).isCloseTo(top1(), within(1e-9));
    assertThat(figures.get("top5").asDouble()).isBetween(figures.get("top1").asDouble(), 1.0);
    assertThat(figures.has("mAP")).isTrue();
    assertThat(JSON.readTree(Files.readString(json)).get("classes"))
        .hasSize(Adapter.load(ADAPTER).labels().size());
    assertThat(run.out())
        .contains("folder, all split, recognition", "top1", "meanClassAccuracy", "dPrime");
  }

  @Test
  void thresholdsAreChosenAndStored() {
    Path out = folder.resolve("calibrated.safetensors");
    Cli run = evaluate(CLIPS, "--calibrate-to", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    Adapter before = Adapter.load(ADAPTER);
    Adapter after = Adapter.load(out);
    assertThat(after.thresholds()).isNotEqualTo(before.thresholds());
    assertThat(after.metadata()).containsEntry("parent", before.digest());
    assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());
    assertThat(run.err()).contains("thresholds of ");
    after
        .thresholds()
        .forEach((label, t) -> assertThat(t.off()).as(label).isLessThanOrEqualTo(t.on()));
  }

  @Test
  void chosenThresholdsLeaveMinimumLengthsAsTheyWere() throws IOException {
    Adapter adapter = Adapter.load(ADAPTER);
    String label = soundingLabel();
    Path from = folder.resolve("long.safetensors");
    Map<String, Threshold> longer = Map.of(label, new Threshold(.9, .8, 320));
    Files.write(from, AdapterFactory.encode(AdapterFactory.withThresholds(adapter, longer)));
    Path out = folder.resolve("calibrated.safetensors");
    Cli run =
        Cli.run(
            "evaluate", CLIPS, "--backbone", BACKBONE, "--adapter", from, "--calibrate-to", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    Threshold chosen = Adapter.load(out).thresholds().getOrDefault(label, Threshold.DEFAULT);
    assertThat(chosen.minLengthMillis()).isEqualTo(320);
    assertThat(chosen.on()).isNotEqualTo(.9);
  }

  private Path strongTable() throws IOException {
    Adapter adapter = Adapter.load(ADAPTER);
    ClipFolder listed = ClipFolder.list(CLIPS, adapter.labels());
    Pcm first = AudioFiles.read(CLIPS.resolve(listed.clips().get(0).name()));
    float[] twice = new float[3 * first.lengthSamples()];
    System.arraycopy(first.samples(), 0, twice, first.lengthSamples(), first.lengthSamples());
    WavWriter.writeInt16(folder.resolve("scene.wav"), new Pcm(first.rateHz(), twice));
    String label = adapter.labels().get(listed.clips().get(0).label());
    LabelledEvent event = new LabelledEvent(label, first.seconds(), 2 * first.seconds());
    return new TimedTable()
        .recording("scene.wav", "test", List.of(event))
        .write(folder, adapter.labels());
  }

  private static String soundingLabel() {
    Adapter adapter = Adapter.load(ADAPTER);
    ClipFolder listed = ClipFolder.list(CLIPS, adapter.labels());
    return adapter.labels().get(listed.clips().get(0).label());
  }

  @Test
  void whatCannotBeReadIsNamedCountedAndLeftOut() throws IOException {
    Path table = strongTable();
    Files.writeString(folder.resolve("broken.wav"), "no sound");
    String line = "broken.wav,%s,test,0,1%n".formatted(soundingLabel());
    Files.writeString(table, Files.readString(table) + line);
    Path json = folder.resolve("scores.json");
    Path zip = folder.resolve("events.zip");
    for (String task : List.of("detection", "recognition")) {
      Object[] words = {"--task", task, "--dataset", "csv", "--data", table, "--json", json};
      Cli run = evaluate(words);
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.err()).contains("skipped: broken.wav").contains("1 of 2 ");
      JsonNode figures = JSON.readTree(Files.readString(json)).get("figures");
      assertThat(figures.get("skipped").asInt()).isEqualTo(1);
      Object[] strict = java.util.Arrays.copyOf(words, words.length + 1);
      strict[words.length] = "--strict";
      refused("broken.wav", strict);
      Object[] submitted = java.util.Arrays.copyOf(words, words.length + 2);
      submitted[words.length] = "--submission";
      submitted[words.length + 1] = zip;
      refused("events.zip\": needs all: broken.wav", submitted);
      assertThat(zip).doesNotExist();
    }
  }

  /** On the split that is reported, figures would be too good. */
  @Test
  void thresholdsAreChosenOnValidationUnlessTheSplitIsNamed() throws IOException {
    Path table = strongTable();
    Path out = folder.resolve("calibrated.safetensors");
    Object[] words = {"--dataset", "csv", "--data", table, "--calibrate-to", out};
    refused("--calibrate-to: data set csv has no validation split: --split must name", words);
    assertThat(out).doesNotExist();
    Object[] named = java.util.Arrays.copyOf(words, words.length + 2);
    named[words.length] = "--split";
    named[words.length + 1] = "test";
    Cli run = evaluate(named);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("csv, test split");
    Files.writeString(
        table,
        Files.readString(table) + "scene.wav,%s,validation,0,1%n".formatted(soundingLabel()));
    Cli usual = evaluate(words);
    assertThat(usual.exitCode()).as(usual.err()).isZero();
    assertThat(usual.out()).contains("csv, validation split");
    assertThat(evaluate("--dataset", "csv", "--data", table).out()).contains("csv, test split");
  }

  @Test
  void detectionJudgesWholeRecordings() throws IOException {
    Path json = folder.resolve("scores.json");
    Path zip = folder.resolve("events.zip");
    Cli run =
        evaluate(
            "--task",
            "detection",
            "--dataset",
            "csv",
            "--data",
            strongTable(),
            "--json",
            json,
            "--submission",
            zip);
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode figures = JSON.readTree(Files.readString(json)).get("figures");
    assertThat(figures.get("mAP@0.1").asDouble()).isBetween(0.0, 1.0);
    assertThat(figures.get("mAP@0.5").asDouble())
        .isLessThanOrEqualTo(figures.get("mAP@0.1").asDouble());
    assertThat(figures.get("seconds").asDouble())
        .isCloseTo(AudioFiles.read(folder.resolve("scene.wav")).seconds(), within(1e-9));
    assertThat(figures.has("PSDS1")).isTrue();
    assertThat(figures.has("dcaseF1micro")).isTrue();
    assertThat(figures.has("segmentErrorRate")).isTrue();
    assertThat(figures.get("skipped").asInt()).isZero();
    JsonNode classes = JSON.readTree(Files.readString(json)).get("classes");
    JsonNode sounding = classes.get(soundingLabel());
    assertThat(sounding.get("AP@0.5").asDouble())
        .isLessThanOrEqualTo(sounding.get("AP@0.1").asDouble());
    double sum = 0;
    for (int t = 1; t <= 5; t++) {
      sum += sounding.get("AP@0." + t).asDouble();
    }
    assertThat(sounding.get("AP").asDouble()).isCloseTo(sum / 5, within(1e-12));
    assertThat(figures.get("averageMAP").asDouble()).isCloseTo(sum / 5, within(1e-12));
    assertThat(sounding.has("segmentF1")).isTrue();
    assertThat(run.out()).contains("segmentF1micro", "segmentErrorRate", "dcaseF1macro");
    assertThat(zip).isNotEmptyFile();
  }

  private static JsonNode found(Path zip) throws IOException {
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      in.getNextEntry();
      return JSON.readTree(in.readAllBytes()).get("results").get("scene.wav");
    }
  }

  /**
   * Hysteresis has thresholds that everything passes, the boxes some that nothing does; what is
   * ranked are all boxes either way.
   */
  @Test
  void changePointBoxesCanBeJudgedInsteadOfHysteresis() throws IOException {
    Path table = strongTable();
    Adapter adapter = Adapter.load(ADAPTER);
    Map<String, Threshold> low = new HashMap<>();
    adapter.labels().forEach(l -> low.put(l, new Threshold(1e-6, 1e-6)));
    Path eager = folder.resolve("eager.safetensors");
    Adapter everything = AdapterFactory.withThresholds(adapter, low);
    Map<String, String> metadata = new HashMap<>(everything.metadata());
    ObjectNode nothing = JSON.createObjectNode();
    adapter.labels().forEach(l -> nothing.withObject("/sebb/thresholds").put(l, 1.5));
    metadata.put("decoders", nothing.toString());
    Adapter both = AdapterFactory.of(everything.tensors(), metadata);
    Files.write(eager, AdapterFactory.encode(both));
    Map<String, JsonNode> found = new HashMap<>();
    Map<String, JsonNode> figures = new HashMap<>();
    Path json = folder.resolve("scores.json");
    for (String decoder : List.of("sebb", "hysteresis")) {
      Path zip = folder.resolve(decoder + ".zip");
      Cli run =
          Cli.run(
              "evaluate",
              "--backbone",
              BACKBONE,
              "--adapter",
              eager,
              "--task",
              "detection",
              "--decoder",
              decoder,
              "--dataset",
              "csv",
              "--data",
              table,
              "--submission",
              zip,
              "--json",
              json,
              "--hop-frames",
              "4");
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.out()).contains("csv, test split, detection", "PSDS1");
      found.put(decoder, found(zip));
      figures.put(decoder, JSON.readTree(Files.readString(json)).get("figures"));
    }
    assertThat(found.get("sebb")).isNotEmpty().isEqualTo(found.get("hysteresis"));
    for (String same : List.of("averageMAP", "PSDS1", "seconds")) {
      assertThat(figures.get("sebb").get(same)).isEqualTo(figures.get("hysteresis").get(same));
    }
    // F1 is of what the decoder's own thresholds let pass: everything, or nothing.
    assertThat(figures.get("hysteresis").get("eventErrorRate").asDouble()).isGreaterThan(1);
    assertThat(figures.get("sebb").get("eventErrorRate").asDouble()).isEqualTo(1);
    refused("--decoder", "--decoder", "viterbi", CLIPS);
  }

  private void refused(String message, Object... words) {
    Cli run = evaluate(words);
    assertThat(run.exitCode()).isNotZero();
    assertThat(run.err()).contains(message).doesNotContain("\tat ");
  }

  @Test
  void whatCannotBeJudgedIsSaid() throws IOException {
    refused("CLIPS or --dataset");
    refused("--views \"0\": must be 1 or more", CLIPS, "--views", "0");
    refused("has no onsets and offsets of its classes", CLIPS, "--task", "detection");
    Files.createDirectories(folder.resolve("clips/other"));
    Files.copy(
        CLIPS.resolve(ClipFolder.list(CLIPS).clips().get(0).name()),
        folder.resolve("clips/other/a.wav"));
    refused(
        "labels do not match the adapter's: only the data set has [other]",
        folder.resolve("clips"));
    refused(
        "--sls \"[1]\": must be three", CLIPS, "--sls", "1", "--submission", folder.resolve("x"));
  }
}
