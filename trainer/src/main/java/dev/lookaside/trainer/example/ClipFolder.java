package dev.lookaside.trainer.example;

import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A folder of class folders: {@code clips/door/1.wav}, {@code clips/bell/old/7.flac}. Every folder
 * is a class, named as the folder; audio files below it are its clips, other files are no concern.
 * Hidden files and folders are left out.
 *
 * @param labels the classes, sorted, or in the order the caller asked for
 * @param clips in the order of their paths below the folder, compared name by name
 */
public record ClipFolder(List<String> labels, List<Clip> clips) {
  public ClipFolder {
    labels = List.copyOf(labels);
    clips = List.copyOf(clips);
  }

  /**
   * Lists a folder; no sound is read yet.
   *
   * @throws TrainerException naming the folder that is missing or without audio files
   */
  public static ClipFolder list(Path folder) {
    List<String> labels = classes(folder);
    return new ClipFolder(labels, clips(folder, labels, labels));
  }

  /**
   * As {@link #list(Path)}, for a model whose labels are given.
   *
   * @throws TrainerException also naming each class that only one of the two has
   */
  public static ClipFolder list(Path folder, List<String> labels) {
    List<String> found = classes(folder);
    TreeSet<String> unknown = new TreeSet<>(found);
    labels.forEach(unknown::remove);
    TreeSet<String> missing = new TreeSet<>(labels);
    found.forEach(missing::remove);
    if (!unknown.isEmpty() || !missing.isEmpty()) {
      throw new TrainerException(
          "%s: class folders do not match the adapter's labels: not among its labels %s, without a folder %s"
              .formatted(folder, unknown, missing));
    }
    return new ClipFolder(labels, clips(folder, labels, labels));
  }

  /**
   * As {@link #list(Path, List)}, for a folder that may lack some of the labels: they do not sound
   * in it.
   *
   * @throws TrainerException naming each class folder that is none of the labels
   */
  public static ClipFolder listSome(Path folder, List<String> labels) {
    List<String> found = classes(folder);
    TreeSet<String> unknown = new TreeSet<>(found);
    labels.forEach(unknown::remove);
    if (!unknown.isEmpty()) {
      throw new TrainerException(
          "%s: class folders %s: are not among the adapter's labels %s"
              .formatted(folder, unknown, labels));
    }
    return new ClipFolder(labels, clips(folder, found, labels));
  }

  /**
   * The clips of some of a folder's classes; other folders are no concern.
   *
   * @throws TrainerException naming a class folder without audio files
   */
  public static ClipFolder of(Path folder, List<String> labels) {
    return new ClipFolder(labels, clips(folder, labels, labels));
  }

  /** At most so many clips, spread evenly over all; the labels stay. */
  public ClipFolder limited(int most) {
    int count = Math.min(most, clips.size());
    List<Clip> kept = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      kept.add(clips.get((int) ((long) i * clips.size() / count)));
    }
    return new ClipFolder(labels, kept);
  }

  private static List<String> classes(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new TrainerException(folder + ": is no folder of class folders");
    }
    List<String> names =
        children(folder).stream()
            .filter(Files::isDirectory)
            .map(p -> p.getFileName().toString())
            .filter(name -> !name.startsWith("."))
            .sorted()
            .toList();
    if (names.isEmpty()) {
      throw new TrainerException(folder + ": holds no class folders");
    }
    return names;
  }

  private static List<Clip> clips(Path folder, List<String> classes, List<String> labels) {
    List<Clip> clips = new ArrayList<>();
    for (String label : classes.stream().sorted().toList()) {
      List<Path> files = new ArrayList<>();
      collect(folder.resolve(label), files);
      if (files.isEmpty()) {
        throw new TrainerException(
            "class folder \"%s\": holds no audio files".formatted(folder.resolve(label)));
      }
      for (Path file : files) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        clips.add(Clip.of(file, name, labels.indexOf(label)));
      }
    }
    return clips;
  }

  private static void collect(Path folder, List<Path> files) {
    for (Path child : children(folder)) {
      boolean hidden = child.getFileName().toString().startsWith(".");
      if (!hidden && Files.isDirectory(child)) {
        collect(child, files);
      } else if (!hidden && AudioFiles.looksLikeAudio(child)) {
        files.add(child);
      }
    }
  }

  private static List<Path> children(Path folder) {
    try (Stream<Path> children = Files.list(folder)) {
      return children.sorted(Comparator.comparing(p -> p.getFileName().toString())).toList();
    } catch (IOException e) {
      throw new TrainerException(folder + ": cannot be listed: " + e.getMessage(), e);
    }
  }
}
