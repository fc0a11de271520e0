package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Progress;
import dev.lookaside.deploy.report.RunFolder;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Recording;
import dev.lookaside.trainer.evaluate.DetectedEvents;
import dev.lookaside.trainer.evaluate.EpicSubmission;
import dev.lookaside.trainer.evaluate.RecognizedClips;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.DetectionMap;
import dev.lookaside.trainer.metric.RecognitionScore;
import dev.lookaside.trainer.recipe.Recipe;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside evaluate}: how right a model is on labelled data. */
@Command(
    name = "evaluate",
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  lookaside evaluate --backbone b.safetensors --adapter a.safetensors --dataset esc50 --data"
          + " ESC-50/ --json scores.json",
      "  lookaside evaluate --backbone b.safetensors --adapter a.safetensors --dataset epic-sounds"
          + " --data EPIC/ --split test --submission epic.zip",
      "  lookaside evaluate --recipe epic-sounds/detection-columns --data EPIC/ --backbone"
          + " b.safetensors --adapter a.safetensors --split detection-test --submission epic.zip"
    },
    description = {
      "Measure an adapter on clips or on a data set.",
      "",
      "Recognition gives each clip one class: top-1, top-5, mean class accuracy, mAP, mAUC and d'. Detection gives onsets and offsets "
          + "in whole recordings: mAP at tIoU 0.1 to 0.5 as the EPIC-SOUNDS challenge, event F1 within 0.2 s of the onset (event...) and with DCASE's collars "
          + "(dcase...: onset 0.2 s, offset 0.2 s or 20 %% of the event), F1 in segments of 1 s, PSDS1 and PSDS2.",
      "",
      "mAP and the submission rank all change-point boxes of a mean posterior of 0.01 or more,"
          + " whatever the thresholds; F1 is of the events that --decoder finds at them.",
      "",
      "What cannot be read is named, left out and counted; --strict stops at it, and a submission"
          + " is only written of all clips."
    })
public final class Evaluate implements Runnable {
  /** Mean posterior of the most improbable box that mAP and a submission rank. */
  private static final double LEAST_RANKED = 0.01;

  private static final Path NOWHERE = Path.of("");

  @Parameters(
      arity = "0..1",
      paramLabel = "CLIPS",
      description = "Folder of class folders of audio files; or --dataset and --data.")
  private @Nullable Path clipFolder;

  @Option(
      names = "--recipe",
      paramLabel = "NAME",
      description =
          "Evaluate as the recipe of a fit prescribes (data set, task, hop); options given win.")
  private @Nullable String recipe;

  @Mixin private ModelOptions.RequiredBackbone backboneFile = new ModelOptions.RequiredBackbone();

  @Option(
      names = "--run",
      paramLabel = "FOLDER",
      description =
          "Folder of fit --run: evaluates FOLDER/adapter.safetensors unless --adapter is given, and"
              + " writes figures and scores to FOLDER/evaluation.json; lookaside report reads it.")
  private @Nullable Path runFolder;

  @Option(names = "--adapter", paramLabel = "A", description = "Adapter file.")
  private Path adapterFile = NOWHERE;

  @Option(
      names = "--task",
      paramLabel = "WHAT",
      defaultValue = "recognition",
      description = "recognition or detection. Default: ${DEFAULT-VALUE}.")
  private Task task = Task.RECOGNITION;

  @Option(
      names = "--views",
      paramLabel = "N",
      description = "Windows per clip, their logits summed. Default: 5 for epic-sounds, else 1.")
  private @Nullable Integer views;

  @Option(
      names = "--redact-background",
      description = "Leave clips of the class background out, as the EPIC-SOUNDS challenge does.")
  private boolean redactBackground;

  @Option(
      names = "--hop-frames",
      paramLabel = "N",
      description = "Frames from one window to the next, for detection.")
  private @Nullable Integer hopFrames;

  @Option(
      names = "--decoder",
      paramLabel = "NAME",
      defaultValue = "hysteresis",
      description =
          "Of detection: hysteresis, sebb (change-point boxes) or median, with the adapter's"
              + " numbers; PSDS is of the curves, mAP and the submission of all change-point boxes"
              + " either way. Default: ${DEFAULT-VALUE}.")
  private OfflineModel.Decoder decoder = OfflineModel.Decoder.HYSTERESIS;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures, per class, too.")
  private @Nullable Path json;

  @Option(
      names = "--submission",
      paramLabel = "FILE.zip",
      description = "Write what the EPIC-SOUNDS challenge of this task takes.")
  private @Nullable Path submission;

  @Option(
      names = "--sls",
      paramLabel = "PT,TL,TD",
      split = ",",
      arity = "1",
      defaultValue = "2,3,4",
      description = "Supervision levels to state in the submission. Default: ${DEFAULT-VALUE}.")
  private List<Integer> levels = List.of();

  @Option(
      names = "--calibrate-to",
      paramLabel = "A2",
      description =
          "Choose each class's threshold where its F1 is greatest on this split and write the"
              + " adapter with them. The split is validation unless --split is given: figures on"
              + " the same split are too good afterwards.")
  private @Nullable Path calibrateTo;

  @Option(
      names = "--strict",
      description = "Stop at a clip or recording that cannot be read. --submission does so anyway.")
  private boolean strict;

  @Mixin private ModelOptions.DeviceOption device = new ModelOptions.DeviceOption();

  @ArgGroup(validate = false, heading = "%nWhich clips, instead of CLIPS:%n")
  private DataOptions data = new DataOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    if (recipe != null) {
      Recipes.RecipeArguments.apply(Recipe.of(recipe).evaluation(), spec.commandLine());
    }
    if (adapterFile.equals(NOWHERE)) {
      if (runFolder == null) {
        throw new ParameterException(
            spec.commandLine(), "--adapter or --run: one of them must name what is evaluated");
      }
      adapterFile = new RunFolder(runFolder).adapter();
    }
    EvaluationData part = part();
    Adapter adapter = Adapter.load(adapterFile);
    int[] indices = part.indices(adapter);
    if (task == Task.RECOGNITION) {
      recognize(part, adapter, indices);
    } else {
      detect(part, adapter);
    }
  }

  private EvaluationData part() {
    Optional<EvaluationData> named =
        calibrateTo == null
            ? data.part(DataSet.TEST, DataSet.VALIDATION)
            : data.chosenOn("--calibrate-to");
    return DataOptions.either(clipFolder, named);
  }

  private void recognize(EvaluationData part, Adapter adapter, int[] indices) {
    int perClip = views == null ? part.usualViews() : views;
    OptionValue.atLeast("--views", perClip, 1);
    if (!part.labelled() && (submission == null || calibrateTo != null)) {
      throw new CliException(
          "--split \"%s\": has no labels; all that can be made of it is a --submission"
              .formatted(part.split()));
    }
    UnreadableItems unreadable = unreadableItems();
    RecognizedClips clips;
    try (Scorer scorer = Scorer.open(backboneFile.load(), adapter, device.settings(0, perClip));
        Progress progress = Progress.counting(err(), "evaluating", part.size(), "clips")) {
      clips = part.recognized(scorer, indices, perClip, progress::counted, unreadable);
    }
    unreadable.report(part.size(), "clips");
    if (submission != null) {
      levels().writeRecognition(clips, indices, submission);
      err().printf("%s: %,d clips%n", submission, clips.ids().size());
    }
    if (part.labelled()) {
      RecognizedClips judged =
          redactBackground ? clips.without(DetectionMap.EPIC_SOUNDS_REDACTED) : clips;
      write(EvaluateReport.of(part, judged), EvaluateReport.scores(judged));
      calibrate(adapter, judged::calibrated);
    }
  }

  private void detect(EvaluationData part, Adapter adapter) {
    boolean timed = part.set().hasTimes(part.split());
    if (!timed && (submission == null || calibrateTo != null)) {
      throw new CliException(
          "--task \"detection\": split %s has no onsets and offsets of its classes"
              .formatted(part.split()));
    }
    DetectedEvents events = new DetectedEvents(part.set().events(part.split()));
    List<Recording> recordings = part.set().recordings(part.split());
    UnreadableItems unreadable = unreadableItems();
    int done = 0;
    try (OfflineModel model =
            OfflineModel.open(
                backboneFile.file(), adapterFile, ModelOptions.settings(hopFrames, device.get()));
        Progress progress =
            Progress.counting(err(), "evaluating", recordings.size(), "recordings")) {
      for (Recording recording : recordings) {
        try {
          Pcm pcm = recording.read();
          ClipDetections found = model.detect(pcm, decoder);
          events.add(recording.name(), found, model.boxes(found, LEAST_RANKED), pcm.seconds());
        } catch (IngestException | TrainerException e) {
          events.unreadable(recording.name());
          unreadable.accept(recording.name() + ": " + e.getMessage());
        }
        progress.counted(++done);
      }
    }
    unreadable.report(recordings.size(), "recordings");
    if (unreadable.count() == recordings.size()) {
      throw new CliException("no recording can be read");
    }
    if (submission != null) {
      List<String> videos = recordings.stream().map(Recording::name).toList();
      levels().writeDetection(videos, part.set().labels(), events.ranked(), submission);
      err().printf("%s: %,d events%n", submission, events.ranked().size());
    }
    if (timed) {
      write(
          EvaluateReport.of(part, events.score(), unreadable.count()),
          JsonNodeFactory.instance.objectNode());
      calibrate(adapter, events::calibrated);
    }
  }

  private UnreadableItems unreadableItems() {
    if (submission != null) {
      return new UnreadableItems(
          err(), Optional.of("--submission \"%s\": needs all: ".formatted(submission)));
    }
    return new UnreadableItems(err(), strict ? Optional.of("") : Optional.empty());
  }

  private EpicSubmission levels() {
    if (levels.size() != 3) {
      throw new CliException("--sls \"%s\": must be three numbers".formatted(levels));
    }
    return new EpicSubmission(levels.get(0), levels.get(1), levels.get(2));
  }

  private void write(EvaluateReport report, ObjectNode scores) {
    PrintWriter out = spec.commandLine().getOut();
    report.print(out);
    out.flush();
    if (json != null) {
      ObjectNode node = report.json();
      AtomicFile.write(json, path -> Files.writeString(path, node.toPrettyString() + "\n"));
    }
    if (runFolder != null) {
      Path file = new RunFolder(runFolder).made().evaluation();
      ObjectNode node = report.json().setAll(scores);
      AtomicFile.write(file, path -> Files.writeString(path, node + "\n"));
      err().printf("%s: for lookaside report%n", file);
    }
  }

  private void calibrate(
      Adapter adapter, java.util.function.Supplier<SortedMap<String, Threshold>> thresholds) {
    if (calibrateTo != null) {
      Map<String, Threshold> chosen = new TreeMap<>(thresholds.get());
      chosen.replaceAll(
          (label, t) ->
              adapter
                  .thresholds()
                  .getOrDefault(label, Threshold.DEFAULT)
                  .withPair(t.on(), t.off()));
      Adapter calibrated = AdapterFactory.withThresholds(adapter, chosen);
      AtomicFile.write(calibrateTo, path -> Files.write(path, AdapterFactory.encode(calibrated)));
      err()
          .printf(
              "%s: %s, thresholds of %d of %d classes chosen%n",
              calibrateTo, ShortId.of(calibrated.digest()), chosen.size(), adapter.labels().size());
    }
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /**
   * Figures of an evaluation.
   *
   * @param title of the table
   * @param figures by name, 0 to 1 but for d' and counts
   * @param classes by label, the figures of one class; figures that do not exist are absent
   */
  record EvaluateReport(
      String title, Map<String, Double> figures, Map<String, Map<String, Double>> classes) {
    static EvaluateReport of(EvaluationData part, RecognizedClips clips) {
      RecognitionScore score = clips.score();
      Map<String, Double> figures = new LinkedHashMap<>();
      figures.put("clips", (double) score.examples());
      figures.put("skipped", (double) clips.skipped());
      figures.put("top1", score.top1());
      figures.put("top5", score.top5());
      figures.put("meanClassAccuracy", score.meanClassAccuracy());
      figures.put("mAP", score.macroAp());
      figures.put("mAUC", score.macroAuc());
      figures.put("dPrime", score.dPrime());
      Map<String, Map<String, Double>> classes = new LinkedHashMap<>();
      for (int c = 0; c < clips.labels().size(); c++) {
        Map<String, Double> own = new LinkedHashMap<>();
        own.put("recall", score.recalls().get(c));
        own.put("AP", score.averagePrecisions().get(c));
        own.put("AUC", score.aucs().get(c));
        classes.put(clips.labels().get(c), own);
      }
      return new EvaluateReport(title(part, "recognition"), figures, classes);
    }

    /**
     * @param skipped recordings that could not be processed
     */
    static EvaluateReport of(EvaluationData part, DetectedEvents.Score score, int skipped) {
      Map<String, Double> figures = new LinkedHashMap<>();
      figures.put("seconds", score.seconds());
      figures.put("skipped", (double) skipped);
      double[] thresholds = DetectionMap.epicSoundsThresholds();
      for (int t = 0; t < thresholds.length; t++) {
        figures.put(at("mAP", thresholds[t]), score.map().map(t));
      }
      figures.put("averageMAP", score.map().averageMap());
      figures.put("eventF1micro", score.events().microF1());
      figures.put("eventF1macro", score.events().macroF1());
      figures.put("eventErrorRate", score.events().errorRate());
      figures.put("dcaseF1micro", score.bothEnds().microF1());
      figures.put("dcaseF1macro", score.bothEnds().macroF1());
      figures.put("dcaseErrorRate", score.bothEnds().errorRate());
      figures.put("segmentF1micro", score.segments().microF1());
      figures.put("segmentF1macro", score.segments().macroF1());
      figures.put("segmentErrorRate", score.segments().errorRate());
      figures.put("PSDS1", score.psds1().psds());
      figures.put("PSDS2", score.psds2().psds());
      Map<String, Map<String, Double>> classes = new LinkedHashMap<>();
      for (String label : part.labels()) {
        Map<String, Double> own = new LinkedHashMap<>();
        List<Double> precisions = score.map().classes().get(label);
        if (precisions != null) {
          own.put("AP", precisions.stream().mapToDouble(ap -> ap).average().orElse(Double.NaN));
          for (int t = 0; t < thresholds.length; t++) {
            own.put(at("AP", thresholds[t]), precisions.get(t));
          }
        }
        own.put("eventF1", f1(score.events().classes(), label));
        own.put("dcaseF1", f1(score.bothEnds().classes(), label));
        own.put("segmentF1", f1(score.segments().classes(), label));
        if (!own.values().stream().allMatch(value -> value.isNaN())) {
          classes.put(label, own);
        }
      }
      return new EvaluateReport(title(part, "detection"), figures, classes);
    }

    private static String at(String name, double threshold) {
      return String.format(Locale.ROOT, "%s@%.1f", name, threshold);
    }

    private static double f1(Map<String, Counts> classes, String label) {
      return classes.getOrDefault(label, new Counts(0, 0, 0)).f1();
    }

    /** Labels, and truth and posteriors of every clip. */
    static ObjectNode scores(RecognizedClips clips) {
      ObjectNode node = JsonNodeFactory.instance.objectNode();
      clips.labels().forEach(node.putArray("labels")::add);
      clips.ids().forEach(node.putArray("ids")::add);
      ArrayNode truth = node.putArray("truth");
      ArrayNode posteriors = node.putArray("posteriors");
      for (int i = 0; i < clips.truth().length; i++) {
        truth.add(clips.truth()[i]);
        ArrayNode row = posteriors.addArray();
        for (float posterior : clips.posteriors()[i]) {
          row.add(posterior);
        }
      }
      return node;
    }

    private static String title(EvaluationData part, String task) {
      return "%s, %s split, %s".formatted(part.name(), part.split(), task);
    }

    void print(PrintWriter out) {
      out.println(title);
      figures.forEach(
          (name, value) -> {
            boolean count = List.of("clips", "seconds", "skipped").contains(name);
            out.printf(Locale.ROOT, count ? "  %-18s %,.0f%n" : "  %-18s %.4f%n", name, value);
          });
    }

    ObjectNode json() {
      ObjectNode node = JsonNodeFactory.instance.objectNode().put("title", title);
      put(node.putObject("figures"), figures);
      ObjectNode perClass = node.putObject("classes");
      classes.forEach((label, own) -> put(perClass.putObject(label), own));
      return node;
    }

    private static void put(ObjectNode node, Map<String, Double> values) {
      values.forEach(
          (name, value) -> {
            if (!Double.isNaN(value)) {
              node.put(name, value);
            }
          });
    }
  }
}
