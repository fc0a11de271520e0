package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Distribution;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.example.RecordingSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which data set a command reads, and which of its splits. */
final class DataOptions {
  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      description =
          "esc50, speech-commands, epic-sounds, as they are distributed;"
              + " folder (class folders) or csv (path,label,split[,onset,offset][,sha256]; a"
              + " recording without label and times is one without events). Nothing is downloaded.")
  private @Nullable String dataset;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Where it lies; for csv the table or a folder with clips.csv.")
  private @Nullable Path folder;

  @Option(
      names = "--fold",
      paramLabel = "K",
      description = "Of esc50: the fold that is the test split, 1 to 5. Default: 1.")
  private @Nullable Integer fold;

  @Option(
      names = "--split",
      paramLabel = "S",
      description =
          "train, validation, test, detection-test (of epic-sounds) or what a csv names. Default:"
              + " train to fit; to evaluate test, else validation, and for --calibrate-to"
              + " validation.")
  private @Nullable String split;

  /**
   * The split that the options name.
   *
   * @param usual splits to choose from if they name none; the first one that the data set has
   * @return empty if the options name no data set
   * @throws CliException if only a part of them is given
   */
  Optional<EvaluationData> part(String... usual) {
    if (dataset == null || folder == null) {
      if (dataset != null) {
        throw new CliException("--dataset \"%s\": needs --data, too".formatted(dataset));
      }
      if (folder != null || fold != null || split != null) {
        throw new CliException("--data, --fold and --split: need --dataset, too");
      }
      return Optional.empty();
    }
    Distribution distribution = Distribution.of(dataset);
    return Optional.of(part(distribution, folder, usual));
  }

  /**
   * The split on which something is chosen: the one that the options name, else validation.
   *
   * @param option that chooses
   * @throws CliException also if they name none and the data set has no validation split
   */
  Optional<EvaluationData> chosenOn(String option) {
    Optional<EvaluationData> part = part(DataSet.VALIDATION);
    if (dataset != null
        && split == null
        && !part.map(EvaluationData::split).equals(Optional.of(DataSet.VALIDATION))) {
      throw new CliException(
          "%s: data set %s has no validation split: --split must name the split to choose on"
              .formatted(option, dataset));
    }
    return part;
  }

  /**
   * Class folders or what the options name.
   *
   * @throws CliException if both or neither is given
   */
  static EvaluationData either(@Nullable Path classFolders, Optional<EvaluationData> named) {
    if ((classFolders == null) == named.isEmpty()) {
      throw new CliException("CLIPS or --dataset: one of them must be given, not both");
    }
    return named.orElseGet(
        () ->
            new EvaluationData(
                Distribution.FOLDER.load(Objects.requireNonNull(classFolders), Optional.empty()),
                Distribution.ALL));
  }

  /** The split that the options name, if they do. */
  Optional<String> split() {
    return Optional.ofNullable(split);
  }

  /**
   * The data set that the options name, with all its splits.
   *
   * @return empty if they name none
   * @throws CliException if only a part of them is given
   */
  Optional<DataSet> recordings() {
    return part(DataSet.TEST).map(EvaluationData::set);
  }

  private EvaluationData part(Distribution distribution, Path from, String... usual) {
    DataSet set = distribution.load(from, Optional.ofNullable(fold));
    if (split != null) {
      set.segments(split);
      return new EvaluationData(set, split);
    }
    TreeSet<String> splits = set.splits();
    for (String name : usual) {
      if (splits.contains(name)) {
        return new EvaluationData(set, name);
      }
    }
    return new EvaluationData(set, splits.first());
  }

  /**
   * What a fit learns from: a folder of class folders or the training split of a data set.
   *
   * @param classFolders null if the options name a data set
   * @param init adapter whose labels the clips must have, if any
   * @param frontEnd of the fit
   * @param what of them
   * @param strict whether a clip that cannot be read ends it
   */
  TrainingData training(
      @Nullable Path classFolders,
      Optional<Adapter> init,
      FrontEnd frontEnd,
      ExampleOptions what,
      boolean strict) {
    EvaluationData sounds = either(classFolders, part(DataSet.TRAIN));
    if (what.ofRecordings()) {
      if (classFolders != null) {
        throw new CliException(
            "--task \"detection\": needs --dataset, class folders have no times");
      }
      List<String> skipped = new ArrayList<>();
      RecordingSet recordings =
          sounds.recordings(
              init,
              frontEnd,
              complaint -> {
                if (strict) {
                  throw new CliException(complaint);
                }
                skipped.add(complaint);
              });
      return new TrainingData.OfRecordings(recordings, skipped);
    }
    ClipFolder kept = sounds.clips(init).limited(what.limit());
    return new TrainingData.OfClips(
        ClipSet.read(frontEnd, kept.labels(), kept.clips(), strict), sounds.set().noise());
  }
}
