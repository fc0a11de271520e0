package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside features}: the numbers a model is given, before padding and normalisation. */
@Command(
    name = "features",
    footer = {"", "Example:", "  lookaside features door.wav --frontend ast-fbank --out door.npy"},
    description = {
      "Write the log-mel of an audio file as a NumPy array.",
      "",
      "float32 [frames, mels], natural logarithms, neither padded nor normalised. A file with another sample rate than the "
          + "front end's is resampled, several channels are mixed down."
    })
public final class Features implements Runnable {
  @Parameters(paramLabel = "FILE", description = "WAV, FLAC, OGG or MP3.")
  private Path file = Path.of("");

  @Option(
      names = "--frontend",
      paramLabel = "NAME",
      defaultValue = "ast-fbank",
      description = "ast-fbank (16 kHz, Kaldi) or epic-logmel (24 kHz). Default: ${DEFAULT-VALUE}.")
  private String frontEndName = "";

  @Option(names = "--out", required = true, paramLabel = "F.npy", description = "File to write.")
  private Path out = Path.of("");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    FrontEnd frontEnd = frontEnd();
    Pcm pcm = AudioFiles.read(file);
    float[] values = compute(pcm, frontEnd);
    int frames = values.length / frontEnd.mels();
    if (frames == 0) {
      throw new CliException(
          "%s: %d samples at %d Hz are shorter than one frame of %s"
              .formatted(file, pcm.lengthSamples(), pcm.rateHz(), frontEnd));
    }
    new Npy(new int[] {frames, frontEnd.mels()}, values).write(out);
    spec.commandLine()
        .getErr()
        .printf("%s: %d frames of %d mels (%s)%n", out, frames, frontEnd.mels(), frontEnd);
  }

  /** Row-major {@code [frames][mels]} of a whole clip. */
  static float[] compute(Pcm pcm, FrontEnd frontEnd) {
    float[] mono = Resampler.of(pcm.rateHz(), frontEnd.rateHz()).clip(pcm.samples());
    return LogMel.of(frontEnd).clip(mono);
  }

  /** {@code [frames][mels]} of a whole clip. */
  static float[][] frames(Pcm pcm, FrontEnd frontEnd) {
    float[] values = compute(pcm, frontEnd);
    float[][] frames = new float[values.length / frontEnd.mels()][frontEnd.mels()];
    for (int i = 0; i < frames.length; i++) {
      System.arraycopy(values, i * frontEnd.mels(), frames[i], 0, frontEnd.mels());
    }
    return frames;
  }

  private FrontEnd frontEnd() {
    try {
      return FrontEnd.of(frontEndName);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.commandLine(),
          "--frontend \"" + frontEndName + "\": must be ast-fbank or epic-logmel",
          e);
    }
  }
}
