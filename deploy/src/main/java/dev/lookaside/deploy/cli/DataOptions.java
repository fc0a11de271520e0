package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Distribution;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.ClipFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
          "esc50, speech-commands, epic-sounds (their official distributions), folder (class folders) or csv "
              + "(path,label,split[,onset,offset][,sha256]). Nothing is downloaded.")
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
      description = "train, validation, test or what a csv names. Default: the first of them.")
  private @Nullable String split;

  /** A split of a data set. */
  record Part(DataSet set, String split) {
    /** Its clips with the labels in the adapter's order, if there is one. */
    ClipFolder clips(Optional<Adapter> adapter) {
      List<Clip> clips = set.clips(split);
      if (adapter.isEmpty()) {
        return new ClipFolder(set.labels(), clips);
      }
      List<Clip> renumbered = new ArrayList<>();
      for (Clip c : clips) {
        renumbered.add(new Clip(c.name(), indices(adapter.get())[c.label()], c.reader()));
      }
      return new ClipFolder(adapter.get().labels(), renumbered);
    }

    /**
     * For each label of the data set its index in an adapter.
     *
     * @throws CliException if they do not have the same labels
     */
    int[] indices(Adapter adapter) {
      TreeSet<String> known = new TreeSet<>(adapter.labels());
      if (!known.equals(new TreeSet<>(set.labels()))) {
        TreeSet<String> others = new TreeSet<>(set.labels());
        others.removeAll(known);
        known.removeAll(set.labels());
        throw new CliException(
            "%s: labels do not match the adapter's: only the data set has %s, only the adapter %s"
                .formatted(set.folder(), others, known));
      }
      return set.labels().stream().mapToInt(adapter.labels()::indexOf).toArray();
    }
  }

  /**
   * The split that the options name.
   *
   * @param usual splits to choose from if they name none; the first one that the data set has
   * @return empty if the options name no data set
   * @throws CliException if only a part of them is given
   */
  Optional<Part> part(String... usual) {
    if (dataset == null || folder == null) {
      if (dataset != null) {
        throw new CliException("--dataset \"%s\": needs --data, too".formatted(dataset));
      }
      if (folder != null || fold != null || split != null) {
        throw new CliException("--data, --fold and --split: need --dataset, too");
      }
      return Optional.empty();
    }
    DataSet set = Distribution.of(dataset).load(folder, Optional.ofNullable(fold));
    if (split != null) {
      set.segments(split);
      return Optional.of(new Part(set, split));
    }
    TreeSet<String> splits = set.splits();
    for (String name : usual) {
      if (splits.contains(name)) {
        return Optional.of(new Part(set, name));
      }
    }
    return Optional.of(new Part(set, splits.first()));
  }

  /**
   * What a fit learns from: a folder of class folders or the training split of a data set.
   *
   * @param classFolders null if the options name a data set
   * @param init adapter whose labels the clips must have, if any
   */
  ClipFolder clips(@Nullable Path classFolders, Optional<Adapter> init) {
    Optional<Part> part = part(DataSet.TRAIN);
    if ((classFolders == null) == part.isEmpty()) {
      throw new CliException("CLIPS or --dataset: one of them must be given, not both");
    }
    if (classFolders == null) {
      return part.orElseThrow().clips(init);
    }
    return init.isPresent()
        ? ClipFolder.list(classFolders, init.get().labels())
        : ClipFolder.list(classFolders);
  }
}
