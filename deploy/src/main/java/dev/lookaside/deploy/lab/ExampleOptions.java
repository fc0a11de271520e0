package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.dataset.Recording;
import dev.lookaside.trainer.example.Augmentation;
import dev.lookaside.trainer.example.ClipExamples;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.example.RecordingExamples;
import dev.lookaside.trainer.example.RecordingSet;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.example.SpecAugment;
import dev.lookaside.trainer.example.WindowSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What windows a fit sees: of clips, scenes, or whole recordings, and how they vary. */
final class ExampleOptions {
  /** The share of a window that one time mask may hide: ESC-50's 96 of 512 frames. */
  private static final double TIME_MASK_SHARE = 3.0 / 16;

  /** Loudness of a scene's background; full scale is 1. Only the ratio to the events matters. */
  private static final double BACKGROUND_RMS = 0.01;

  @Option(
      names = "--no-augment",
      description = "Show every clip the same each time, from its start.")
  private boolean noAugment;

  @Option(
      names = "--spec-augment",
      paramLabel = "KIND",
      defaultValue = "ast",
      description = "ast (one band, one span), epic (warp, two of each) or none. Default: ast.")
  private String specAugment = "";

  @Option(
      names = "--freq-mask",
      paramLabel = "MELS",
      defaultValue = "24",
      description = "Limit of ast's frequency mask. Default: ${DEFAULT-VALUE}.")
  private int freqMask;

  @Option(
      names = "--time-mask",
      paramLabel = "FRAMES",
      description = "Limit of ast's time mask. Default: 3/16 of the window.")
  private @Nullable Integer timeMask;

  @Option(
      names = "--gain-db",
      paramLabel = "DB",
      defaultValue = "6",
      description = "Change the level by up to this, up or down. Default: ${DEFAULT-VALUE}.")
  private double gainDb;

  @Option(
      names = "--mixup",
      paramLabel = "P",
      defaultValue = "0",
      description = "Chance that a clip is mixed with another. Default: ${DEFAULT-VALUE}.")
  private double mixup;

  @Option(names = "--noise-roll", description = "Add noise and turn windows by up to 10 frames.")
  private boolean noiseRoll;

  @Option(
      names = "--background",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Chance that a clip gets a background under it, 5 to 25 dB below. Default:"
              + " ${DEFAULT-VALUE}.")
  private double background;

  @Option(
      names = "--ambience",
      paramLabel = "FOLDER",
      description =
          "Background sounds, for scenes and --background. Default: what the data set has"
              + " (speech-commands: _background_noise_); else pink noise for scenes, none for"
              + " --background.")
  private @Nullable Path ambience;

  @Option(
      names = "--scenes",
      paramLabel = "N",
      description =
          "Fit on the windows of N scenes composed of the clips anew for each epoch: detection"
              + " instead of recognition.")
  private int scenes;

  @Option(
      names = "--scene-seconds",
      paramLabel = "S",
      defaultValue = "30",
      description = "Length of a scene. Default: ${DEFAULT-VALUE}.")
  private double sceneSeconds;

  @Option(
      names = "--scene-hop",
      paramLabel = "FRAMES",
      defaultValue = "48",
      description = "From one window of a scene to the next. Default: ${DEFAULT-VALUE}.")
  private int sceneHop;

  @Option(
      names = "--scene-gap",
      paramLabel = "MIN,MAX",
      split = ",",
      arity = "1",
      defaultValue = "0.2,2.5",
      description = "Seconds of pause between events. Default: ${DEFAULT-VALUE}.")
  private List<Double> sceneGap = List.of();

  @Option(
      names = "--scene-snr",
      paramLabel = "MIN,MAX",
      split = ",",
      arity = "1",
      defaultValue = "9,27",
      description = "Decibels of an event over the background. Default: ${DEFAULT-VALUE}.")
  private List<Double> sceneSnr = List.of();

  @Option(
      names = "--scene-overlap",
      paramLabel = "P",
      defaultValue = "0.1",
      description = "Chance that events overlap. Default: ${DEFAULT-VALUE}.")
  private double sceneOverlap;

  @Option(
      names = "--scene-speed",
      paramLabel = "X",
      split = ",",
      defaultValue = "1",
      description =
          "Speeds at which every clip is composed into scenes, 0.5 to 2: 0.8,1,1.25 makes three of"
              + " each, two of them lower and longer, higher and shorter. Default:"
              + " ${DEFAULT-VALUE}.")
  private List<Double> sceneSpeed = List.of();

  @ArgGroup(exclusive = false)
  private DistractorOptions distractors = new DistractorOptions();

  @Option(
      names = "--task",
      paramLabel = "WHAT",
      defaultValue = "recognition",
      description =
          "recognition (of clips) or detection (on the windows of whole recordings, of a --dataset"
              + " that says when its classes sound; long ones want HDF5, of other files one at a"
              + " time is in memory). Default: ${DEFAULT-VALUE}.")
  private Task task = Task.RECOGNITION;

  @Option(
      names = "--hop-frames",
      paramLabel = "N",
      description =
          "With --task detection: from one window of a recording to the next. Default: a window.")
  private @Nullable Integer hopFrames;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description =
          "Learn from so many clips or windows of recordings only, spread evenly over all."
              + " Default: all of them.")
  private @Nullable Integer limit;

  boolean ofScenes() {
    return scenes > 0;
  }

  /** Whether windows have the times of classes: of scenes or of whole recordings. */
  boolean detection() {
    return ofScenes() || ofRecordings();
  }

  boolean ofRecordings() {
    return task == Task.DETECTION;
  }

  /**
   * Rejects what does not go together before any sound is read.
   *
   * @throws CliException naming the option
   */
  void check(boolean balanced) {
    if (balanced && detection()) {
      throw new CliException(
          "--balanced: is for clips; a window of %s has no one class%s"
              .formatted(
                  ofScenes() ? "--scenes" : "--task \"detection\"",
                  ofScenes() ? " (scenes have every class about equally often anyway)" : ""));
    }
    if (ofScenes() && ofRecordings()) {
      throw new CliException(
          "--scenes: excludes --task \"detection\", which has its own recordings");
    }
    if (distractors.folder().isPresent() && !ofScenes()) {
      throw new CliException(
          "--distractors \"%s\": needs --scenes".formatted(distractors.folder().get()));
    }
    if (hopFrames != null && !ofRecordings()) {
      throw new CliException("--hop-frames \"%d\": needs --task detection".formatted(hopFrames));
    }
    if (ofRecordings() && (mixup > 0 || background > 0)) {
      throw new CliException("--mixup and --background: are for clips, not for --task detection");
    }
    limit();
  }

  /** So many clips at most. */
  int limit() {
    if (limit != null) {
      OptionValue.atLeast("--limit", limit, 1);
    }
    return limit == null ? Integer.MAX_VALUE : limit;
  }

  /** The windows of whole recordings that an adapter is fitted on. */
  ExampleSource source(RecordingSet recordings, Adapter adapter, long seed) {
    WindowSpec spec = WindowSpec.of(adapter);
    boolean columns = adapter.head() == HeadKind.COLUMNS;
    int hop = hopFrames == null ? spec.frames() : hopFrames;
    Augmentation augmentation = noAugment ? Augmentation.NONE : augmentation(spec, List.of());
    RecordingExamples.Plan plan = new RecordingExamples.Plan(hop, limit(), seed);
    return new RecordingExamples(recordings, spec, columns, plan, augmentation);
  }

  /**
   * The windows an adapter is fitted on.
   *
   * @param noise backgrounds that come with the clips, used without {@code --ambience}
   */
  ExampleSource source(ClipSet clips, List<Recording> noise, Adapter adapter, long seed) {
    WindowSpec spec = WindowSpec.of(adapter);
    boolean columns = adapter.head() == HeadKind.COLUMNS;
    List<Pcm> sounds = backgrounds(noise, adapter.frontEnd());
    Augmentation augmentation = noAugment ? Augmentation.NONE : augmentation(spec, sounds);
    if (!ofScenes()) {
      return new ClipExamples(clips, spec, columns, augmentation);
    }
    SceneSettings settings =
        new SceneSettings(
            sceneSeconds,
            pair("--scene-gap", sceneGap).get(0),
            sceneGap.get(1),
            pair("--scene-snr", sceneSnr).get(0),
            sceneSnr.get(1),
            sceneOverlap,
            BACKGROUND_RMS);
    SceneExamples.Plan plan = new SceneExamples.Plan(scenes, settings, sceneHop, sceneSpeed, seed);
    SceneExamples.Unlabelled unlabelled =
        new SceneExamples.Unlabelled(
            sounds, distractors.sounds(adapter.frontEnd().rateHz()), distractors.share());
    return new SceneExamples(clips, unlabelled, spec, columns, plan, augmentation);
  }

  private static List<Double> pair(String option, List<Double> values) {
    if (values.size() != 2) {
      throw new CliException("%s \"%s\": must be two numbers".formatted(option, values));
    }
    return values;
  }

  private Augmentation augmentation(WindowSpec spec, List<Pcm> sounds) {
    if (background > 0 && sounds.isEmpty()) {
      throw new CliException(
          "--background \"%s\": needs --ambience, the clips come without backgrounds"
              .formatted(background));
    }
    Optional<Augmentation.Background> under =
        background > 0
            ? Optional.of(new Augmentation.Background(sounds, 5, 25, background))
            : Optional.empty();
    return new Augmentation(true, gainDb, under, mixup, specAugment(spec), noiseRoll);
  }

  private Optional<SpecAugment> specAugment(WindowSpec spec) {
    int frames = timeMask == null ? (int) (TIME_MASK_SHARE * spec.frames()) : timeMask;
    return switch (specAugment) {
      case "ast" -> Optional.of(SpecAugment.ast(freqMask, frames));
      case "epic" -> Optional.of(SpecAugment.epicSounds());
      case "none" -> Optional.empty();
      default ->
          throw new CliException(
              "--spec-augment \"%s\": must be ast, epic or none".formatted(specAugment));
    };
  }

  /**
   * What sounds under clips or scenes, at the rate of their front end; read only where it is used.
   */
  private List<Pcm> backgrounds(List<Recording> noise, FrontEnd frontEnd) {
    if (ambience != null) {
      return DistractorOptions.soundsOf("--ambience", ambience, frontEnd.rateHz());
    }
    return ofScenes() || (background > 0 && !noAugment)
        ? noise.stream().map(r -> DistractorOptions.resampled(r.read(), frontEnd.rateHz())).toList()
        : List.of();
  }
}
