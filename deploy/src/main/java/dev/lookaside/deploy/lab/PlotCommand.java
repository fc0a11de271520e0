package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Errors;
import dev.lookaside.deploy.plot.Plot;
import dev.lookaside.deploy.plot.Scene;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside plot}: what was detected, as a picture. */
@Command(
    name = "plot",
    footer = {"", "Example:", "  lookaside plot door.wav --out door.png"},
    description = {
      "Draw what is detected in an audio file.",
      "",
      "A PNG with the log-mel, the posterior curves of the classes and the detected events on one"
          + " time axis."
    })
public final class PlotCommand implements Runnable {
  @Parameters(paramLabel = "FILE", description = "WAV, FLAC, OGG or MP3.")
  private Path file = Path.of("");

  @Option(names = "--out", required = true, paramLabel = "P.png", description = "File to write.")
  private Path out = Path.of("");

  @Option(
      names = "--width",
      paramLabel = "PIXELS",
      defaultValue = "1600",
      description = "Width of the picture. Default: ${DEFAULT-VALUE}.")
  private int width;

  @Mixin private ModelOptions modelOptions = new ModelOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    if (width < Plot.MIN_WIDTH || width > Plot.MAX_WIDTH) {
      throw new ParameterException(
          spec.commandLine(),
          "--width \"%d\": must be %d to %d".formatted(width, Plot.MIN_WIDTH, Plot.MAX_WIDTH));
    }
    Pcm pcm = AudioFiles.read(file);
    if (pcm.lengthSamples() == 0) {
      throw new CliException(file + ": has no samples");
    }
    Scene scene;
    try (OfflineModel model = OfflineModel.open(modelOptions)) {
      scene = scene(pcm, model.model(), model.detect(pcm));
    }
    try {
      Plot.write(scene, width, out);
    } catch (IOException e) {
      throw new CliException("--out \"" + out + "\": cannot be written: " + Errors.describe(e), e);
    }
    spec.commandLine().getErr().printf("%s: %d events%n", out, scene.events().size());
  }

  private Scene scene(Pcm pcm, DetectorModel model, ClipDetections found) {
    FrontEnd frontEnd = model.spec().frontEnd();
    float[][] frames = Features.frames(pcm, frontEnd);
    List<Scene.Event> events =
        found.events().stream()
            .map(e -> new Scene.Event(e.label(), e.onsetSeconds(), e.offsetSeconds(), e.peak()))
            .toList();
    String subtitle =
        String.format(
            Locale.ROOT,
            "%.1f s at %d Hz, %s, windows of %d frames every %d, adapter %s on backbone %s",
            pcm.seconds(),
            pcm.rateHz(),
            frontEnd,
            model.spec().windowFrames(),
            model.spec().hopFrames(),
            model.adapterDigest().substring(0, 8),
            model.backboneDigest().substring(0, 8));
    return new Scene(
        String.valueOf(file.getFileName()),
        subtitle,
        pcm.seconds(),
        frontEnd,
        frames,
        found.labels(),
        model.decoder().on(),
        // A cell's value is shown in its middle.
        new Scene.Curve(found.cellSeconds() / 2, found.cellSeconds(), found.curve()),
        events);
  }
}
