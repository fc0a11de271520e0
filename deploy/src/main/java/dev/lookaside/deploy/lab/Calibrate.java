package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.trainer.evaluate.SceneJudge;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.EventScore;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside calibrate}: thresholds of an adapter, by event F1 on composed scenes. */
@Command(
    name = "calibrate",
    header = "Measure an adapter's events on composed scenes and choose its thresholds.",
    description = {
      "Composes scenes of the clips over pink noise, scores and decodes them as a stream, and "
          + "compares the events with the known truth. With --out, on and off thresholds are "
          + "chosen per label where event F1 is greatest, and written into a copy of the adapter; "
          + "those of labels without a class folder stay. With --distractors they are chosen where "
          + "other sounds occur, too."
    },
    footer = {
      "",
      "Example:",
      "  lookaside calibrate held-out/ --backbone b.safetensors --adapter a.safetensors "
          + "--out a2.safetensors"
    })
public final class Calibrate implements Runnable {
  /** A start is reported so late at most. */
  private static final int MIN_LENGTH_MOST_MILLIS = 480;

  @Parameters(paramLabel = "CLIPS", description = "Folder of class folders of audio files.")
  private Path folder = Path.of("");

  @Mixin private ModelOptions.RequiredBackbone backboneFile = new ModelOptions.RequiredBackbone();

  @Option(
      names = "--adapter",
      required = true,
      paramLabel = "A",
      description = "Adapter; class folders are named after its labels, all or some of them.")
  private Path adapterFile = Path.of("");

  @Option(names = "--out", paramLabel = "A2", description = "Adapter to write.")
  private @Nullable Path out;

  @Option(
      names = "--scenes",
      paramLabel = "N",
      defaultValue = "24",
      description = "Scenes to compose. Default: ${DEFAULT-VALUE}.")
  private int scenes;

  @Option(
      names = "--scene-seconds",
      paramLabel = "S",
      defaultValue = "30",
      description = "Length of a scene. Default: ${DEFAULT-VALUE}.")
  private double sceneSeconds;

  @Option(
      names = "--hop-frames",
      paramLabel = "N",
      description = "Frames from one window to the next (setting lookaside.featurizer.hop-frames).")
  private @Nullable Integer hopFrames;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of the scenes. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--min-lengths",
      description =
          "With --out: per label, also drop events shorter than all but a twentieth of its right"
              + " ones, 480 ms at most.")
  private boolean minLengths;

  @Option(
      names = "--pooled",
      description =
          "With --out: move each threshold half-way to the median of all labels, in log-odds. What"
              + " sets a label apart on a few scenes is partly chance.")
  private boolean pooled;

  @Mixin private DistractorOptions distractors = new DistractorOptions();

  @Mixin private Output output = new Output();

  @Override
  public void run() {
    OptionValue.atLeast("--scenes", scenes, 1);
    if (minLengths && out == null) {
      throw new CliException("--min-lengths: needs --out");
    }
    if (pooled && out == null) {
      throw new CliException("--pooled: needs --out");
    }
    Adapter adapter = Adapter.load(adapterFile);
    ComposedScenes composed =
        new ComposedScenes(folder, adapter.labels(), sceneSeconds, seed).among(distractors);
    try (OfflineModel model =
        OfflineModel.open(
            backboneFile.file(), adapterFile, ModelOptions.settings(hopFrames, null))) {
      SceneJudge judge = new SceneJudge(model.model());
      for (int i = 0; i < scenes; i++) {
        model.score(composed.scene(i), judge);
      }
      report(adapter, judge);
    }
  }

  private void report(Adapter adapter, SceneJudge judge) {
    Collars collars = Collars.onset(ComposedScenes.COLLAR_SECONDS);
    EventScore before = judge.score(collars);
    SortedMap<String, CalibratedPair> best =
        out == null ? new TreeMap<>() : judge.calibrated(collars);
    SortedMap<String, CalibratedPair> pairs = pooled ? judge.pooled(best, collars) : best;
    EventScore after = judge.score(pairs, collars);
    SortedMap<String, Integer> lengths =
        minLengths ? judge.minLengths(pairs, collars, MIN_LENGTH_MOST_MILLIS) : new TreeMap<>();
    if (out != null) {
      write(adapter, pairs, lengths, out);
    }
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("scenes", scenes).put("events", judge.truth().size());
    object.put("eventF1Before", before.microF1()).put("eventF1After", after.microF1());
    object.put("macroF1Before", before.macroF1()).put("macroF1After", after.macroF1());
    output.print(() -> object, () -> print(judge, pairs, lengths, before, after, output.out()));
  }

  private void print(
      SceneJudge judge,
      SortedMap<String, CalibratedPair> pairs,
      SortedMap<String, Integer> lengths,
      EventScore before,
      EventScore after,
      PrintWriter to) {
    to.printf(
        Locale.ROOT,
        "%d scenes of %.0f s, %d events%n",
        scenes,
        sceneSeconds,
        judge.truth().size());
    line(to, "the adapter's thresholds", before);
    if (out != null) {
      line(to, "chosen on these scenes", after);
      pairs.forEach(
          (label, pair) ->
              to.printf(
                  Locale.ROOT,
                  "  %-16s on %.2f   off %.2f   F1 %.3f%s%n",
                  label,
                  pair.on(),
                  pair.off(),
                  pair.f1(),
                  lengths.containsKey(label)
                      ? "   at least %d ms".formatted(lengths.get(label))
                      : ""));
    }
  }

  private void line(PrintWriter to, String name, EventScore score) {
    to.printf(
        Locale.ROOT,
        "%-26s event F1 %.3f   mean over labels %.3f   %s%n",
        name,
        score.microF1(),
        score.macroF1(),
        "(onset within %s s)".formatted(ComposedScenes.COLLAR_SECONDS));
  }

  private static void write(
      Adapter adapter,
      SortedMap<String, CalibratedPair> pairs,
      SortedMap<String, Integer> lengths,
      Path file) {
    Map<String, Threshold> chosen = new TreeMap<>();
    pairs.forEach(
        (label, pair) -> {
          Threshold before = adapter.thresholds().getOrDefault(label, Threshold.DEFAULT);
          chosen.put(
              label,
              new Threshold(
                  rounded(pair.on()),
                  rounded(pair.off()),
                  lengths.getOrDefault(label, before.minLengthMillis())));
        });
    byte[] bytes = AdapterFactory.encode(AdapterFactory.withThresholds(adapter, chosen));
    AtomicFile.write(file, path -> Files.write(path, bytes));
  }

  /** Without the last digits of the step from one candidate to the next. */
  private static double rounded(double threshold) {
    return Math.round(threshold * 1e4) / 1e4;
  }
}
