package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.dataset.Recording;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.example.RecordingSet;
import java.util.List;
import java.util.function.Consumer;

/** What a fit learns from, once it is read. */
sealed interface TrainingData {
  FrontEnd frontEnd();

  List<String> labels();

  int size();

  /** What there are {@link #size} of. */
  String unit();

  /**
   * Rejects what no fit can learn anything from.
   *
   * @param detection true if silence is part of what is fitted, so that one class is enough
   * @param warnings gets what makes a fit doubtful
   * @throws CliException saying why and what to do
   */
  void checkTeaches(boolean detection, Consumer<String> warnings);

  private static void checkClasses(List<String> labels, String more) {
    if (labels.size() < 2) {
      throw new CliException(
          "class \"%s\": is the only one, so it is right for every sound and nothing is learnt; %s"
              .formatted(labels.get(0), more));
    }
  }

  /** What is wrong with each of them that was left out. */
  List<String> skipped();

  /** What a new adapter for windows of so many frames normalises with. */
  ClipSet.Statistics statistics(int windowFrames);

  /** Its windows as the options want them. */
  ExampleSource source(ExampleOptions options, Adapter adapter, long seed);

  /**
   * Clips.
   *
   * @param noise backgrounds that come with their data set
   */
  record OfClips(ClipSet clips, List<Recording> noise) implements TrainingData {
    @Override
    public FrontEnd frontEnd() {
      return clips.frontEnd();
    }

    @Override
    public void checkTeaches(boolean detection, Consumer<String> warnings) {
      if (!detection) {
        checkClasses(
            labels(), "give clips of a second class (of background, for example) or --scenes N");
      }
      clips.sameSounds().checkTeach(warnings);
    }

    @Override
    public List<String> labels() {
      return clips.labels();
    }

    @Override
    public int size() {
      return clips.size();
    }

    @Override
    public String unit() {
      return "clips";
    }

    @Override
    public List<String> skipped() {
      return clips.skipped();
    }

    @Override
    public ClipSet.Statistics statistics(int windowFrames) {
      return clips.statistics(windowFrames);
    }

    @Override
    public ExampleSource source(ExampleOptions options, Adapter adapter, long seed) {
      return options.source(clips, noise, adapter, seed);
    }
  }

  /**
   * Whole recordings with times.
   *
   * @param skipped what is wrong with each that was left out
   */
  record OfRecordings(RecordingSet set, List<String> skipped) implements TrainingData {
    @Override
    public FrontEnd frontEnd() {
      return set.frontEnd();
    }

    @Override
    public void checkTeaches(boolean detection, Consumer<String> warnings) {
      long events = set.recordings().stream().mapToLong(r -> r.events().size()).sum();
      if (events == 0) {
        throw new CliException(
            "recordings \"%d\": no class sounds in any of them, so nothing is learnt"
                .formatted(size()));
      }
      if (size() == 1) {
        warnings.accept(
            "recordings \"1\": whatever all its sounds share is taken for the classes; fit on several");
      }
    }

    @Override
    public List<String> labels() {
      return set.labels();
    }

    @Override
    public int size() {
      return set.recordings().size();
    }

    @Override
    public String unit() {
      return "recordings";
    }

    @Override
    public ClipSet.Statistics statistics(int windowFrames) {
      return set.statistics(windowFrames);
    }

    @Override
    public ExampleSource source(ExampleOptions options, Adapter adapter, long seed) {
      return options.source(set, adapter, seed);
    }
  }
}
