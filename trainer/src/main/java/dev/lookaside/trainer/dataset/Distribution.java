package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.ClipFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.stream.Collectors;

/** The data sets whose distributions can be read, by the name the command line gives them. */
public enum Distribution {
  /** ESC-50: {@code meta/esc50.csv} and {@code audio/}; one of five folds is the test split. */
  ESC50("esc50"),
  /** Speech Commands 0.02 with the official validation and testing lists. */
  SPEECH_COMMANDS("speech-commands"),
  /** EPIC-SOUNDS annotations with audio as HDF5 or one WAV per video. */
  EPIC_SOUNDS("epic-sounds"),
  /** A folder of class folders; its only split is {@code all}. */
  FOLDER("folder"),
  /** A table {@code path,label,split[,onset,offset][,sha256]}. */
  CSV("csv");

  /** The only split of a {@link #FOLDER}. */
  public static final String ALL = "all";

  private final String word;

  Distribution(String word) {
    this.word = word;
  }

  @Override
  public String toString() {
    return word;
  }

  /**
   * The distribution of a name.
   *
   * @throws TrainerException naming all of them
   */
  public static Distribution of(String word) {
    for (Distribution d : values()) {
      if (d.word.equals(word)) {
        return d;
      }
    }
    String all =
        Arrays.stream(values()).map(Distribution::toString).collect(Collectors.joining(", "));
    throw new TrainerException("data set \"%s\": must be one of %s".formatted(word, all));
  }

  /**
   * Reads the lists of a distribution; no sound is read yet.
   *
   * @param fold 1 to 5, which one ESC-50 is tested on; the others have no folds
   * @throws TrainerException naming file, line, column and value of what is wrong
   */
  public DataSet load(Path folder, Optional<Integer> fold) {
    if (fold.isPresent() && this != ESC50) {
      throw new TrainerException("fold \"%d\": data set %s has none".formatted(fold.get(), word));
    }
    boolean table = this == CSV && Files.isRegularFile(folder);
    if (!table && !Files.isDirectory(folder)) {
      throw new TrainerException(folder + ": is no folder");
    }
    return switch (this) {
      case ESC50 -> Esc50.load(folder, fold.orElse(1));
      case SPEECH_COMMANDS -> SpeechCommands.load(folder);
      case EPIC_SOUNDS -> EpicSounds.load(folder);
      case FOLDER -> folder(folder);
      case CSV -> CsvClips.load(folder);
    };
  }

  /**
   * Folds of ESC-50 that have clips in a folder; empty for the other distributions.
   *
   * @throws TrainerException if its table cannot be read
   */
  public SortedSet<Integer> folds(Path folder) {
    return this == ESC50 ? Esc50.folds(folder) : Collections.emptySortedSet();
  }

  private static DataSet folder(Path folder) {
    ClipFolder listed = ClipFolder.list(folder);
    List<Segment> segments = new ArrayList<>();
    for (Clip clip : listed.clips()) {
      segments.add(new Segment(clip.name(), new OfClip(clip), ALL, clip.label(), Optional.empty()));
    }
    return new DataSet("folder", folder.toString(), listed.labels(), segments, List.of());
  }

  private record OfClip(Clip clip) implements Recording {
    @Override
    public String name() {
      return clip.name();
    }

    @Override
    public Pcm read() {
      return clip.reader().get();
    }
  }
}
