package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.hub.BackboneFiles;
import dev.lookaside.deploy.report.RunFolder;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Distribution;
import dev.lookaside.trainer.dataset.Recording;
import dev.lookaside.trainer.evaluate.DetectedEvents;
import dev.lookaside.trainer.evaluate.EpicSubmission;
import dev.lookaside.trainer.evaluate.RecognizedClips;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.metric.DetectionMap;
import dev.lookaside.trainer.recipe.Recipe;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code lookaside evaluate}: how right a model is on labelled data. Long because an option is five
 * lines.
 */
@Command(
    name = "evaluate",
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  lookaside evaluate --backbone b.safetensors --adapter a.safetensors --dataset esc50 --data ESC-50/ --json scores.json",
      "  lookaside evaluate --backbone b.safetensors --adapter a.safetensors --dataset epic-sounds --data EPIC/ --split test --submission epic.zip",
      "  lookaside evaluate --recipe epic-sounds/detection-columns --data EPIC/ --backbone b.safetensors --adapter a.safetensors --split detection-test --submission epic.zip"
    },
    description = {
      "Say how right an adapter is on clips or on a data set.",
      "",
      "Recognition gives each clip one class: top-1, top-5, mean class accuracy, mAP, mAUC and d'. Detection says when classes sound "
          + "in whole recordings: mAP at tIoU 0.1 to 0.5 as the EPIC-SOUNDS challenge, event F1 within 0.2 s of the onset (event...) and with DCASE's collars "
          + "(dcase...: onset 0.2 s, offset 0.2 s or 20 %% of the event), F1 in segments of 1 s, PSDS1 and PSDS2.",
      "",
      "mAP and the submission rank all change-point boxes of a mean posterior of 0.01 or more, whatever the thresholds; F1 is of the "
          + "events that --decoder finds at them.",
      "",
      "What cannot be read is named, left out and counted; --strict stops at it, and a submission is only written of all clips."
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
      description = "Judge as a recipe of fit does (data set, task, hop); options given win.")
  private @Nullable String recipe;

  @Option(
      names = "--backbone",
      required = true,
      paramLabel = "B",
      description = "Backbone: a file, or a name of lookaside backbone list.")
  private Path backboneFile = Path.of("");

  @Option(
      names = "--run",
      paramLabel = "FOLDER",
      description =
          "Folder of fit --run: judges FOLDER/adapter.safetensors unless --adapter is given, and writes figures and scores to "
              + "FOLDER/evaluation.json; lookaside report reads it.")
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

  @Option(names = "--hop-frames", paramLabel = "N", description = "Of windows, for detection.")
  private @Nullable Integer hopFrames;

  @Option(
      names = "--decoder",
      paramLabel = "NAME",
      defaultValue = "hysteresis",
      description =
          "Of detection: hysteresis, sebb (change-point boxes) or median, with the adapter's numbers; PSDS is of the curves, mAP and the submission of all change-point boxes either way. Default: ${DEFAULT-VALUE}.")
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
          "Choose each class's threshold where its F1 is greatest on this split and write the adapter with them. The split is "
              + "validation unless --split says: figures on the same split are too good afterwards.")
  private @Nullable Path calibrateTo;

  @Option(
      names = "--strict",
      description = "Stop at a clip or recording that cannot be read. --submission does so anyway.")
  private boolean strict;

  @Option(
      names = "--device",
      paramLabel = "WHERE",
      defaultValue = "auto",
      description = "auto, cpu or cuda. Default: ${DEFAULT-VALUE}.")
  private Device device = Device.AUTO;

  @ArgGroup(validate = false, heading = "%nWhich clips, instead of CLIPS:%n")
  private DataOptions data = new DataOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    if (recipe != null) {
      RecipeArguments.apply(Recipe.of(recipe).evaluation(), spec.commandLine());
    }
    if (adapterFile.equals(NOWHERE)) {
      if (runFolder == null) {
        throw new ParameterException(
            spec.commandLine(), "--adapter or --run: one of them must say what is judged");
      }
      adapterFile = new RunFolder(runFolder).adapter();
    }
    JudgedData part = part();
    Adapter adapter = Adapter.load(adapterFile);
    int[] indices = part.indices(adapter);
    if (task == Task.RECOGNITION) {
      recognize(part, adapter, indices);
    } else if (part instanceof JudgedData.Sounds sounds) {
      detect(sounds, adapter);
    } else {
      throw new CliException("--task \"detection\": %s holds no sounds".formatted(part.name()));
    }
  }

  private JudgedData part() {
    Optional<JudgedData> named =
        calibrateTo == null
            ? data.part(DataSet.TEST, DataSet.VALIDATION)
            : data.chosenOn("--calibrate-to");
    Path folder = clipFolder;
    if ((folder == null) == named.isEmpty()) {
      throw new CliException("CLIPS or --dataset: one of them must be given, not both");
    }
    if (folder == null) {
      return named.orElseThrow();
    }
    return new JudgedData.Sounds(
        Distribution.FOLDER.load(folder, Optional.empty()), Distribution.ALL);
  }

  private void recognize(JudgedData part, Adapter adapter, int[] indices) {
    int perClip = views == null ? part.usualViews() : views;
    if (perClip < 1) {
      throw new CliException("--views \"%d\": must be at least 1".formatted(perClip));
    }
    if (!part.labelled() && (submission == null || calibrateTo != null)) {
      throw new CliException(
          "--split \"%s\": has no labels; all that can be made of it is a --submission"
              .formatted(part.split()));
    }
    Unheard unheard = unheard();
    RecognizedClips clips;
    try (Scorer scorer =
            Scorer.open(
                Backbone.load(BackboneFiles.of(backboneFile, spec.commandLine().getErr()::println)),
                adapter,
                new ScorerSettings(device, 0, perClip));
        EvaluateDisplay display = new EvaluateDisplay(part.unit(), part.size(), err())) {
      clips = part.recognized(scorer, indices, perClip, display::done, unheard);
    }
    unheard.report(part.size(), part.unit());
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

  private void detect(JudgedData.Sounds part, Adapter adapter) {
    boolean timed = part.set().hasTimes(part.split());
    if (!timed && (submission == null || calibrateTo != null)) {
      throw new CliException(
          "--task \"detection\": split %s does not say when its classes sound"
              .formatted(part.split()));
    }
    DetectedEvents events = new DetectedEvents(part.set().events(part.split()));
    List<Recording> recordings = part.set().recordings(part.split());
    Unheard unheard = unheard();
    int done = 0;
    try (OfflineModel model =
            OfflineModel.open(
                BackboneFiles.of(backboneFile, spec.commandLine().getErr()::println),
                adapterFile,
                ModelOptions.settings(hopFrames, device));
        EvaluateDisplay display = new EvaluateDisplay("recordings", recordings.size(), err())) {
      for (Recording recording : recordings) {
        try {
          Pcm pcm = recording.read();
          ClipDetections found = model.detect(pcm, decoder);
          events.add(recording.name(), found, model.boxes(found, LEAST_RANKED), pcm.seconds());
        } catch (IngestException | TrainerException e) {
          events.unheard(recording.name());
          unheard.accept(recording.name() + ": " + e.getMessage());
        }
        display.done(++done);
      }
    }
    unheard.report(recordings.size(), "recordings");
    if (unheard.count() == recordings.size()) {
      throw new CliException("no recording can be heard");
    }
    if (submission != null) {
      List<String> videos = recordings.stream().map(Recording::name).toList();
      levels().writeDetection(videos, part.set().labels(), events.ranked(), submission);
      err().printf("%s: %,d events%n", submission, events.ranked().size());
    }
    if (timed) {
      write(
          EvaluateReport.of(part, events.score(), unheard.count()),
          JsonNodeFactory.instance.objectNode());
      calibrate(adapter, events::calibrated);
    }
  }

  private Unheard unheard() {
    if (submission != null) {
      return new Unheard(
          err(), Optional.of("--submission \"%s\": needs all: ".formatted(submission)));
    }
    return new Unheard(err(), strict ? Optional.of("") : Optional.empty());
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
      Map<String, Threshold> chosen = thresholds.get();
      Adapter calibrated = AdapterFactory.withThresholds(adapter, chosen);
      AtomicFile.write(calibrateTo, path -> Files.write(path, AdapterFactory.encode(calibrated)));
      err()
          .printf(
              "%s: %s, thresholds of %d of %d classes chosen%n",
              calibrateTo,
              calibrated.digest().substring(0, 12),
              chosen.size(),
              adapter.labels().size());
    }
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
