package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.deploy.cli.Cli;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrateTest {
  private static final Path MODEL = Path.of("src/main/resources/demo-model");
  private static final Path CLIPS = Path.of("src/main/resources/sounds");

  @TempDir private Path folder;

  @Test
  void thresholdsThatDoBetterOnTheScenesAreWrittenIntoACopy() throws Exception {
    Path file = folder.resolve("a2.safetensors");
    Adapter before = Adapter.load(MODEL.resolve("adapter.safetensors"));
    Path strict = folder.resolve("strict.safetensors");
    Map<String, Threshold> high =
        before.labels().stream().collect(Collectors.toMap(l -> l, l -> new Threshold(.97, .9)));
    Files.write(strict, AdapterFactory.encode(AdapterFactory.withThresholds(before, high)));
    Cli done = calibrate(strict, "--out", file);
    assertThat(done.err()).isEmpty();
    assertThat(done.exitCode()).isZero();
    JsonNode json = new ObjectMapper().readTree(done.out());
    assertThat(json.get("events").intValue()).isPositive();
    assertThat(json.get("eventF1After").doubleValue())
        .isGreaterThan(json.get("eventF1Before").doubleValue());

    Adapter after = Adapter.load(file);
    assertThat(after.thresholds()).isNotEqualTo(Adapter.load(strict).thresholds());
    assertThat(after.metadata()).containsEntry("parent", Adapter.load(strict).digest());
    assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());

    JsonNode again = new ObjectMapper().readTree(calibrate(file).out());
    assertThat(again.get("eventF1Before")).isEqualTo(json.get("eventF1After"));
  }

  /** Twelve scenes: enough right events of some labels, too few of others. */
  @Test
  void eventsShorterThanTheRightOnesOfTheirLabelAreDropped() throws Exception {
    Path file = folder.resolve("a3.safetensors");
    Path adapter = MODEL.resolve("adapter.safetensors");
    Cli done = calibrate(adapter, "--out", file, "--min-lengths", "--scenes", 12);
    assertThat(done.err()).isEmpty();
    Map<String, Threshold> chosen = Adapter.load(file).thresholds();
    assertThat(chosen.values())
        .allMatch(t -> t.minLengthMillis() % 160 == 0 && t.minLengthMillis() <= 480)
        .anyMatch(t -> t.minLengthMillis() >= 320);
    double before = new ObjectMapper().readTree(done.out()).get("eventF1After").doubleValue();
    JsonNode again = new ObjectMapper().readTree(calibrate(file, "--scenes", 12).out());
    assertThat(again.get("eventF1Before").doubleValue()).isGreaterThan(before - .05);
  }

  @Test
  void pooledThresholdsOfLabelsLieNearerToEachOther() throws Exception {
    Path adapter = MODEL.resolve("adapter.safetensors");
    Path best = folder.resolve("best.safetensors");
    Path pooled = folder.resolve("pooled.safetensors");
    assertThat(calibrate(adapter, "--out", best).err()).isEmpty();
    Cli done = calibrate(adapter, "--out", pooled, "--pooled");
    assertThat(done.err()).isEmpty();
    List<String> changed = new ArrayList<>(Adapter.load(adapter).labels());
    changed.removeIf(l -> on(adapter, l) == on(best, l));
    assertThat(changed).hasSizeGreaterThan(2);
    assertThat(spread(pooled, changed)).isPositive().isLessThan(spread(best, changed));
    JsonNode json = new ObjectMapper().readTree(done.out());
    JsonNode again = new ObjectMapper().readTree(calibrate(pooled).out());
    assertThat(again.get("eventF1Before")).isEqualTo(json.get("eventF1After"));
  }

  private static double on(Path adapter, String label) {
    return Adapter.load(adapter).thresholds().get(label).on();
  }

  private static double spread(Path adapter, List<String> labels) {
    DoubleSummaryStatistics on =
        labels.stream().mapToDouble(l -> on(adapter, l)).summaryStatistics();
    return on.getMax() - on.getMin();
  }

  @Test
  void soundsOfNoClassAreInTheScenesAndNotAmongTheEvents() throws Exception {
    Path adapter = MODEL.resolve("adapter.safetensors");
    Object[] others = {"--distractors", CLIPS.resolveSibling("sounds-new-class")};
    JsonNode without = new ObjectMapper().readTree(calibrate(adapter).out());
    Cli called = calibrate(adapter, others);
    assertThat(called.err()).isEmpty();
    JsonNode with = new ObjectMapper().readTree(called.out());
    assertThat(with.get("events").intValue())
        .isPositive()
        .isLessThan(without.get("events").intValue());
    Cli wrong = calibrate(adapter, "--distractor-share", 1);
    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.err()).contains("--distractor-share \"1.0\": must be 0 or more and below 1");
  }

  @Test
  void wrongCallsNameWhatIsWrong() {
    Cli none = calibrate(MODEL.resolve("adapter.safetensors"), "--scenes", 0);
    assertThat(none.exitCode()).isEqualTo(1);
    assertThat(none.err()).contains("--scenes \"0\": must be 1 or more");
    Cli nowhere = calibrate(MODEL.resolve("adapter.safetensors"), "--min-lengths");
    assertThat(nowhere.exitCode()).isEqualTo(1);
    assertThat(nowhere.err()).contains("--min-lengths: needs --out");
    Cli unwritten = calibrate(MODEL.resolve("adapter.safetensors"), "--pooled");
    assertThat(unwritten.exitCode()).isEqualTo(1);
    assertThat(unwritten.err()).contains("--pooled: needs --out");
    Cli noFile = calibrate(folder.resolve("none.safetensors"));
    assertThat(noFile.exitCode()).isEqualTo(1);
    assertThat(noFile.err()).contains("none.safetensors");
  }

  private static Cli calibrate(Path adapter, Object... more) {
    List<Object> words = new ArrayList<>(List.of("calibrate", CLIPS, "--adapter", adapter));
    words.addAll(List.of("--backbone", MODEL.resolve("backbone.safetensors"), "--json"));
    words.addAll(List.of("--scene-seconds", 12));
    if (!List.of(more).contains("--scenes")) {
      words.addAll(List.of("--scenes", 2));
    }
    words.addAll(List.of(more));
    return Cli.run(words.toArray());
  }
}
