package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.TunedDecoder;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.console.Progress;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Recording;
import dev.lookaside.trainer.evaluate.DecoderTuning;
import dev.lookaside.trainer.evaluate.DetectedEvents;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.DetectionMap;
import dev.lookaside.trainer.metric.Event;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside decoders}: ways from curves to events, tuned and compared. */
@Command(
    name = "decoders",
    sortOptions = false,
    description = {
      "Compare decoders and heads on composed scenes: hysteresis, change-point boxes, median"
          + " filter.",
      "",
      "All adapters score the same scenes or recordings; a row is an adapter and a decoder. The"
          + " numbers of change-point boxes and the median filter are chosen on scenes of"
          + " --tune-on's clips, where event F1 is greatest; hysteresis has the adapter's"
          + " thresholds (lookaside calibrate). Then all are evaluated on scenes of CLIPS. With --out"
          + " the numbers are written into a copy of the (only) adapter, for classify and evaluate"
          + " --decoder.",
      "",
      "With --dataset the numbers are chosen on whole recordings of its --tune-split and evaluated on"
          + " those of --split; of a data set of clips without times (esc50) on scenes of them,"
          + " chosen on train and evaluated on test by default."
    },
    footer = {
      "",
      "Examples:",
      "  lookaside decoders test/ --tune-on train/ --backbone b.safetensors --adapter"
          + " clip.safetensors --adapter columns.safetensors",
      "  lookaside decoders --dataset esc50 --data ESC-50/ --fold 4 --backbone deit-tiny --adapter"
          + " clip.safetensors --adapter columns.safetensors",
      "  lookaside decoders --dataset csv --data scenes/ --split test --backbone b.safetensors"
          + " --adapter a.safetensors --out a2.safetensors"
    })
public final class Decoders implements Runnable {
  @Parameters(
      arity = "0..1",
      paramLabel = "CLIPS",
      description = "Class folders that the decoders are evaluated on; or --dataset and --data.")
  private @Nullable Path folder;

  @Option(
      names = "--tune-on",
      paramLabel = "CLIPS",
      description = "Class folders that their numbers are chosen on.")
  private @Nullable Path tuneFolder;

  @Option(
      names = "--tune-split",
      paramLabel = "S",
      description =
          "With --dataset: the split their numbers are chosen on. Default: validation, of clips"
              + " train.")
  private @Nullable String tuneSplit;

  @Mixin private ModelOptions.RequiredBackbone backboneFile = new ModelOptions.RequiredBackbone();

  @Option(
      names = "--adapter",
      required = true,
      paramLabel = "A",
      description = "Adapter whose labels are the class folders' names; may be given again.")
  private List<Path> adapters = List.of();

  @Option(names = "--out", paramLabel = "A2", description = "Adapter to write.")
  private @Nullable Path out;

  @Option(
      names = "--scenes",
      paramLabel = "N",
      defaultValue = "48",
      description = "Scenes to evaluate on; half as many to choose on. Default: ${DEFAULT-VALUE}.")
  private int scenes;

  @Option(
      names = "--scene-seconds",
      paramLabel = "S",
      defaultValue = "30",
      description = "Length of a scene. Default: ${DEFAULT-VALUE}.")
  private double sceneSeconds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "11",
      description = "Of the scenes. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Mixin private Output output = new Output();

  @ArgGroup(validate = false, heading = "%nWhich recordings, instead of CLIPS and --tune-on:%n")
  private DataOptions data = new DataOptions();

  @Override
  public void run() {
    OptionValue.atLeast("--scenes", scenes, 2);
    if (out != null && adapters.size() > 1) {
      throw new CliException(
          "--out \"%s\": is for one --adapter, not %d".formatted(out, adapters.size()));
    }
    Optional<DataSet> set = data.recordings();
    if (set.isPresent() == (folder != null) || set.isPresent() && tuneFolder != null) {
      throw new CliException(
          "CLIPS and --tune-on, or --dataset: one of them must be given, not both");
    }
    if (set.isEmpty() && (tuneFolder == null || tuneSplit != null)) {
      throw new CliException(
          tuneFolder == null
              ? "--tune-on: must be given with CLIPS"
              : "--tune-split \"%s\": needs --dataset".formatted(tuneSplit));
    }
    Output.Table rows =
        output.table(
            "%-28s %-8s %-11s %9.3f %7.3f %7.3f %11.3f",
            "ADAPTER", "HEAD", "DECODER", "EVENT F1", "PSDS1", "PSDS2", "MAP .1-.5");
    for (Path adapter : adapters) {
      compare(adapter, set, rows);
    }
    output.end(rows);
  }

  /** What an adapter's decoders are tuned and judged on. */
  private DecoderMaterial material(Optional<DataSet> set, Adapter adapter) {
    PrintWriter err = output.err();
    if (set.isPresent() && set.get().splits().stream().noneMatch(set.get()::hasTimes)) {
      String chosen = tuneSplit == null ? DataSet.TRAIN : tuneSplit;
      String judged = data.split().orElse(DataSet.TEST);
      err.printf(
          "%s: scenes of its clips, chosen on %s, evaluated on %s%n",
          set.get().name(), chosen, judged);
      return DecoderMaterial.ofScenes(
          scenes(set.get(), chosen, adapter, seed + 1),
          scenes(set.get(), judged, adapter, seed),
          scenes,
          err);
    }
    if (set.isPresent()) {
      return DecoderMaterial.ofRecordings(set.get(), tuneSplit, data.split(), adapter, err);
    }
    return DecoderMaterial.ofScenes(
        new ComposedScenes(
            Objects.requireNonNull(tuneFolder), adapter.labels(), sceneSeconds, seed + 1),
        new ComposedScenes(Objects.requireNonNull(folder), adapter.labels(), sceneSeconds, seed),
        scenes,
        err);
  }

  private ComposedScenes scenes(DataSet set, String split, Adapter adapter, long itsSeed) {
    ClipFolder clips = new EvaluationData(set, split).clips(Optional.of(adapter));
    return new ComposedScenes(clips, sceneSeconds, itsSeed);
  }

  private void compare(Path file, Optional<DataSet> set, Output.Table rows) {
    Adapter adapter = Adapter.load(file);
    DecoderMaterial material = material(set, adapter);
    try (OfflineModel model = OfflineModel.open(backboneFile.file(), file, Map.of())) {
      DecoderMaterial.Detected tuning = material.tuning().detect(model);
      DecoderMaterial.Detected judged = material.judged().detect(model);
      row(file, adapter, "hysteresis", score(judged, null, model), material.count(), rows);
      DecoderTuning search =
          new DecoderTuning(
              tuning.clips(), tuning.truth(), Collars.onset(ComposedScenes.COLLAR_SECONDS));
      Map<String, String> metadata = new LinkedHashMap<>(adapter.metadata());
      Adapter tuned = adapter;
      for (TunedDecoder.Kind kind : TunedDecoder.Kind.values()) {
        TunedDecoder decoder = search.tuned(kind);
        String name = kind.name().toLowerCase(Locale.ROOT);
        row(file, adapter, name, score(judged, decoder, model), material.count(), rows);
        metadata.put(TunedDecoder.METADATA, decoder.into(tuned));
        metadata.put("parent", adapter.digest());
        tuned = AdapterFactory.of(adapter.tensors(), metadata);
      }
      if (out != null) {
        byte[] bytes = AdapterFactory.encode(tuned);
        AtomicFile.write(out, path -> Files.write(path, bytes));
      }
    }
  }

  private DetectedEvents.Score score(
      DecoderMaterial.Detected detected, @Nullable TunedDecoder decoder, OfflineModel model) {
    DetectedEvents events = new DetectedEvents(detected.truth());
    detected
        .clips()
        .forEach(
            (name, clip) -> {
              double seconds = detected.seconds().getOrDefault(name, 0.0);
              if (decoder == null) {
                events.add(name, clip, seconds);
              } else {
                double[] otherwise = model.model().onThresholds();
                events.add(name, decoder.decode(clip, otherwise), decoder.decoder(), seconds);
              }
            });
    return events.score();
  }

  private void row(
      Path file,
      Adapter adapter,
      String decoder,
      DetectedEvents.Score score,
      int count,
      Output.Table rows) {
    ObjectNode row =
        JsonNodeFactory.instance
            .objectNode()
            .put("adapter", file.toString())
            .put("decoder", decoder)
            .put("head", adapter.head().word())
            .put("sha256", adapter.digest())
            .put(folder == null ? "recordings" : "scenes", count)
            .put("eventF1", score.events().microF1())
            .put("eventF1Macro", score.events().macroF1())
            .put("psds1", score.psds1().psds())
            .put("psds2", score.psds2().psds())
            .put("averageMap", score.map().averageMap());
    double[] thresholds = DetectionMap.epicSoundsThresholds();
    for (int t = 0; t < thresholds.length; t++) {
      row.put(String.format(Locale.ROOT, "map@%.1f", thresholds[t]), score.map().map(t));
    }
    rows.row(
        row,
        String.valueOf(file.getFileName()),
        adapter.head().word(),
        decoder,
        score.events().microF1(),
        score.psds1().psds(),
        score.psds2().psds(),
        score.map().averageMap());
  }

  /**
   * What decoders are tuned and judged on.
   *
   * @param tuning where their numbers are chosen
   * @param judged where they are judged
   * @param count scenes or recordings of that
   */
  record DecoderMaterial(Source tuning, Source judged, int count) {
    /**
     * What one model has detected.
     *
     * @param clips by stream
     * @param seconds that each lasts
     * @param truth its events
     */
    record Detected(
        Map<String, ClipDetections> clips, Map<String, Double> seconds, List<Event> truth) {}

    /** Lets a model detect in it. */
    @FunctionalInterface
    interface Source {
      Detected detect(OfflineModel model);
    }

    /** So many scenes to judge on and half as many to tune on. */
    static DecoderMaterial ofScenes(
        ComposedScenes tuning, ComposedScenes judged, int count, PrintWriter err) {
      return new DecoderMaterial(
          model -> scenes(model, tuning, count / 2, err),
          model -> scenes(model, judged, count, err),
          count);
    }

    private static Detected scenes(
        OfflineModel model, ComposedScenes composed, int count, PrintWriter err) {
      Detected detected =
          new Detected(new LinkedHashMap<>(), new LinkedHashMap<>(), new ArrayList<>());
      try (Progress progress = Progress.counting(err, "evaluating", count, "scenes")) {
        for (int i = 0; i < count; i++) {
          Scene scene = composed.scene(i);
          String name = "scene " + i;
          detected.clips().put(name, model.detect(scene.audio()));
          detected.seconds().put(name, scene.audio().seconds());
          for (LabelledEvent e : scene.events()) {
            detected.truth().add(new Event(name, e.label(), e.onsetSeconds(), e.offsetSeconds()));
          }
          progress.counted(i + 1);
        }
      }
      return detected;
    }

    /**
     * Splits of a data set. Where test has no times, the split that numbers are chosen on is
     * evaluated, with a warning.
     *
     * @param tuneSplit null for validation
     * @param judgedSplit empty for test
     * @throws CliException if a split has no onsets and offsets of its classes, or has other labels
     */
    static DecoderMaterial ofRecordings(
        DataSet set,
        @Nullable String tuneSplit,
        Optional<String> judgedSplit,
        Adapter adapter,
        PrintWriter err) {
      String chosen = tuneSplit == null ? DataSet.VALIDATION : tuneSplit;
      boolean test = set.splits().contains(DataSet.TEST) && set.hasTimes(DataSet.TEST);
      String judged = judgedSplit.orElse(test ? DataSet.TEST : chosen);
      for (String split : List.of(chosen, judged)) {
        if (!set.hasTimes(split)) {
          throw new CliException(
              "split \"%s\" of %s: has no onsets and offsets of its classes"
                  .formatted(split, set.name()));
        }
      }
      new EvaluationData(set, judged).indices(adapter);
      err.printf("%s: chosen on %s, evaluated on %s%n", set.name(), chosen, judged);
      if (chosen.equals(judged)) {
        err.println("figures are too good: of the split that the numbers were chosen on");
      }
      return new DecoderMaterial(
          model -> recordings(model, set, chosen, err),
          model -> recordings(model, set, judged, err),
          set.recordings(judged).size());
    }

    /** Recordings that cannot be read are named and left out. */
    private static Detected recordings(
        OfflineModel model, DataSet set, String split, PrintWriter err) {
      Map<String, ClipDetections> clips = new LinkedHashMap<>();
      Map<String, Double> seconds = new LinkedHashMap<>();
      List<Recording> recordings = set.recordings(split);
      UnreadableItems unreadable = new UnreadableItems(err, Optional.empty());
      int done = 0;
      try (Progress progress =
          Progress.counting(err, "evaluating", recordings.size(), "recordings")) {
        for (Recording recording : recordings) {
          try {
            Pcm pcm = recording.read();
            clips.put(recording.name(), model.detect(pcm));
            seconds.put(recording.name(), pcm.seconds());
          } catch (IngestException | TrainerException e) {
            unreadable.accept(recording.name() + ": " + e.getMessage());
          }
          progress.counted(++done);
        }
      }
      unreadable.report(recordings.size(), "recordings");
      if (clips.isEmpty()) {
        throw new CliException("split \"%s\": no recording can be read".formatted(split));
      }
      List<Event> truth =
          set.events(split).stream().filter(e -> clips.containsKey(e.stream())).toList();
      return new Detected(clips, seconds, truth);
    }
  }
}
