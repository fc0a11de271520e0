package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.deploy.cli.EventFormat.FileEvent;
import dev.lookaside.deploy.console.Errors;
import dev.lookaside.deploy.lab.ModelOptions;
import dev.lookaside.deploy.lab.OfflineModel;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.ReadRules;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside classify}: what sounded and when in audio files. */
@Command(
    name = "classify",
    footer = {
      "",
      "How names are written. csv: RFC 4180; text that a spreadsheet would run (it begins with = + - @ or a tab), or "
          + "that begins with an apostrophe, has an apostrophe in front. rttm: blanks of any kind, invisible characters, "
          + "%% < and ; are %%XX of their UTF-8 bytes; the id is the file's name without suffix, or its path where two "
          + "files share the name. audacity: tabs and line ends become blanks. json and csv are UTF-8.",
      "",
      "Example:",
      "  lookaside classify door.wav street.flac --format json"
    },
    description = {
      "Report which classes sound in audio files, and when.",
      "",
      "A file is processed as a stream is: the same windows, posteriors and events. A file that"
          + " cannot be read is reported on standard error, the others are classified all the same,"
          + " and the exit code is 1.",
      "",
      "A file whose header names another length than it has, as killed recorders leave it, is read"
          + " to its end with a warning; --strict rejects it."
    })
final class Classify implements Callable<Integer> {
  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description =
          "WAV, FLAC, OGG, MP3, or what ffmpeg reads; also a pipe with a name: <(...), /dev/stdin.")
  private List<Path> files = List.of();

  @Mixin private ModelOptions modelOptions = new ModelOptions();

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "table",
      description =
          "table, json, csv, audacity (a label track) or rttm. Default: ${DEFAULT-VALUE}.")
  private EventFormat format = EventFormat.TABLE;

  @Option(
      names = "--decoder",
      paramLabel = "NAME",
      defaultValue = "hysteresis",
      description =
          "hysteresis (as streams), sebb (change-point boxes) or median (a median filter and one"
              + " threshold); their numbers are the adapter's, see lookaside decoders. Default: "
              + "${DEFAULT-VALUE}.")
  private OfflineModel.Decoder decoder = OfflineModel.Decoder.HYSTERESIS;

  @Option(
      names = "--posteriors",
      paramLabel = "P.npy",
      description =
          "Write the posteriors of all windows, float32 [windows, classes]; for one file.")
  private @Nullable Path posteriors;

  @Option(
      names = "--strict",
      description = "Reject files whose header names another length than they have.")
  private boolean strict;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    checkOneFile(!format.takesSeveralFiles(), "--format \"audacity\"");
    checkOneFile(posteriors != null, "--posteriors \"" + posteriors + "\"");
    PrintWriter out = spec.commandLine().getOut();
    List<FileEvent> events = new ArrayList<>();
    int read = 0;
    try (OfflineModel model = OfflineModel.open(modelOptions)) {
      for (Path file : files) {
        read += classify(model, file, events) ? 1 : 0;
      }
    }
    if (read > 0) {
      format.write(files.stream().map(Path::toString).toList(), events, out);
      out.flush();
    }
    return read == files.size() ? ExitCode.OK : ExitCode.SOFTWARE;
  }

  /** Whether the file could be read. */
  private boolean classify(OfflineModel model, Path file, List<FileEvent> events) {
    ClipDetections found;
    try {
      found = model.detect(AudioFiles.read(file, new ReadRules(strict, this::warn)), decoder);
    } catch (IngestException e) {
      String message = Errors.describe(e);
      warn(message.contains(file.toString()) ? message : file + ": " + message);
      return false;
    }
    if (found.posteriors().length == 0) {
      warn(file + ": is shorter than one frame, nothing to score");
    }
    for (DetectedEvent e : found.events()) {
      events.add(
          new FileEvent(file.toString(), e.label(), e.onsetSeconds(), e.offsetSeconds(), e.peak()));
    }
    if (posteriors != null) {
      array(found).write(posteriors);
    }
    return true;
  }

  private void warn(String text) {
    spec.commandLine().getErr().println(spec.qualifiedName() + ": " + text);
  }

  private void checkOneFile(boolean wanted, String option) {
    if (wanted && files.size() > 1) {
      throw new ParameterException(
          spec.commandLine(), option + ": takes one FILE, not " + files.size());
    }
  }

  /** {@code [windows, classes]}, or {@code [windows, columns, classes]} of a columns head. */
  private static Npy array(ClipDetections found) {
    int windows = found.posteriors().length;
    int classes = found.labels().size();
    int row = found.columns() * classes;
    float[] values = new float[windows * row];
    for (int i = 0; i < windows; i++) {
      System.arraycopy(found.posteriors()[i], 0, values, i * row, row);
    }
    int[] shape =
        found.columns() == 1
            ? new int[] {windows, classes}
            : new int[] {windows, found.columns(), classes};
    return new Npy(shape, values);
  }
}
