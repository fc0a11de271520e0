package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.dataset.DataSet;
import dev.lookaside.trainer.dataset.Distribution;
import dev.lookaside.trainer.dataset.Segment;
import dev.lookaside.trainer.evaluate.RecognizedClips;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.example.RecordingSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * A split of a data set that a model is evaluated on.
 *
 * @param split one of the set's
 */
record EvaluationData(DataSet set, String split) {
  private static final int EPIC_VIEWS = 5;

  /** Of its data set, as the command line calls it. */
  String name() {
    return set.name();
  }

  List<String> labels() {
    return set.labels();
  }

  int size() {
    return set.segments(split).size();
  }

  /** Whether the classes are published. */
  boolean labelled() {
    return set.segments(split).stream().allMatch(s -> s.label() >= 0);
  }

  /** Windows per clip by default. */
  int usualViews() {
    return set.name().equals(Distribution.EPIC_SOUNDS.toString()) ? EPIC_VIEWS : 1;
  }

  /**
   * Scores all of it.
   *
   * @param indices for each label of the data set its index in the adapter
   * @param unreadable gets what is wrong with each clip that cannot be read; may end it
   */
  RecognizedClips recognized(
      Scorer scorer, int[] indices, int views, IntConsumer done, Consumer<String> unreadable) {
    List<Segment> segments = set.segments(split);
    return RecognizedClips.of(scorer, segments, indices, views, done, unreadable);
  }

  /** Its clips with the labels in the adapter's order, if there is one. */
  ClipFolder clips(Optional<Adapter> adapter) {
    List<Clip> clips = set.clips(split);
    if (adapter.isEmpty()) {
      return new ClipFolder(set.labels(), clips);
    }
    int[] indices = indices(adapter.get());
    List<Clip> renumbered = new ArrayList<>();
    for (Clip c : clips) {
      renumbered.add(new Clip(c.name(), indices[c.label()], c.reader()));
    }
    return new ClipFolder(adapter.get().labels(), renumbered);
  }

  /**
   * Its recordings with their times, labels in the adapter's order, if there is one.
   *
   * @param unreadable gets what is wrong with each recording that cannot be read; may end it
   */
  RecordingSet recordings(
      Optional<Adapter> adapter, FrontEnd frontEnd, Consumer<String> unreadable) {
    adapter.ifPresent(this::indices);
    List<String> order = adapter.map(Adapter::labels).orElse(set.labels());
    return new RecordingSet(frontEnd, order, set.timed(split, frontEnd, unreadable));
  }

  @Override
  public String toString() {
    return set.folder();
  }

  /**
   * For each label of the data set its index in an adapter.
   *
   * @throws CliException if they do not have the same labels
   */
  int[] indices(Adapter adapter) {
    TreeSet<String> known = new TreeSet<>(adapter.labels());
    if (!known.equals(new TreeSet<>(labels()))) {
      TreeSet<String> others = new TreeSet<>(labels());
      others.removeAll(known);
      known.removeAll(labels());
      throw new CliException(
          "%s: labels do not match the adapter's: only the data set has %s, only the adapter %s"
              .formatted(this, others, known));
    }
    return labels().stream().mapToInt(adapter.labels()::indexOf).toArray();
  }
}
