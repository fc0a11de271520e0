package dev.lookaside.trainer.example;

import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.trainer.TrainerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A folder of class folders: {@code clips/door/1.wav}, {@code clips/bell/old/7.flac}. Every folder
 * is a class, named as the folder; {@linkplain AudioFiles#inFolder audio files below it} are its
 * clips, other files are no concern. Hidden files and folders are left out.
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
    Map<String, Path> classes = classes(folder);
    return new ClipFolder(
        List.copyOf(classes.keySet()), clips(folder, List.copyOf(classes.keySet()), classes));
  }

  /**
   * As {@link #list(Path)}, for a model whose labels are given.
   *
   * @throws TrainerException also naming each class that only one of the two has
   */
  public static ClipFolder list(Path folder, List<String> labels) {
    Map<String, Path> classes = classes(folder);
    TreeSet<String> unknown = new TreeSet<>(classes.keySet());
    labels.forEach(unknown::remove);
    TreeSet<String> missing = new TreeSet<>(labels);
    classes.keySet().forEach(missing::remove);
    if (!unknown.isEmpty() || !missing.isEmpty()) {
      throw new TrainerException(
          "%s: class folders do not match the adapter's labels: not among its labels %s, without a folder %s"
              .formatted(folder, unknown, missing));
    }
    return new ClipFolder(labels, clips(folder, labels, classes));
  }

  /**
   * As {@link #list(Path, List)}, for a folder that may lack some of the labels: they do not sound
   * in it.
   *
   * @throws TrainerException naming each class folder that is none of the labels
   */
  public static ClipFolder listSome(Path folder, List<String> labels) {
    Map<String, Path> classes = classes(folder);
    TreeSet<String> unknown = new TreeSet<>(classes.keySet());
    labels.forEach(unknown::remove);
    if (!unknown.isEmpty()) {
      throw new TrainerException(
          "%s: class folders %s: are not among the adapter's labels %s"
              .formatted(folder, unknown, labels));
    }
    List<String> there = labels.stream().filter(classes::containsKey).toList();
    return new ClipFolder(labels, clips(folder, there, labels, classes));
  }

  /**
   * The clips of some of a folder's classes; other folders are no concern.
   *
   * @throws TrainerException naming a class folder without audio files
   */
  public static ClipFolder of(Path folder, List<String> labels) {
    return new ClipFolder(labels, clips(folder, labels, Map.of()));
  }

  /**
   * At most so many clips, spread evenly over all; the labels stay.
   *
   * @throws TrainerException if that is less than one clip a class
   */
  public ClipFolder limited(int most) {
    if (most < labels.size()) {
      throw new TrainerException(
          "--limit \"%d\": must be at least one clip for each of the %d classes"
              .formatted(most, labels.size()));
    }
    int count = Math.min(most, clips.size());
    List<Clip> kept = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      kept.add(clips.get((int) ((long) i * clips.size() / count)));
    }
    return new ClipFolder(labels, kept);
  }

  /** Class folders by the class they mean: a file system may keep names in another form. */
  private static Map<String, Path> classes(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new TrainerException(folder + ": is no folder of class folders");
    }
    List<Path> folders = AudioFiles.visible(folder).stream().filter(Files::isDirectory).toList();
    if (folders.isEmpty()) {
      throw new TrainerException(folder + ": holds no class folders");
    }
    List<String> names = folders.stream().map(ClipFolder::className).toList();
    ClassName.fault(names)
        .ifPresent(
            fault -> {
              throw new TrainerException("%s: %s".formatted(folder, fault));
            });
    Map<String, Path> classes = new TreeMap<>();
    for (Path each : folders) {
      classes.put(className(each), each);
    }
    return classes;
  }

  private static String className(Path folder) {
    return ClassName.of(folder.getFileName().toString());
  }

  private static List<Clip> clips(Path folder, List<String> labels, Map<String, Path> classes) {
    return clips(folder, labels, labels, classes);
  }

  /**
   * @param wanted of {@code labels}, those whose clips are listed
   */
  private static List<Clip> clips(
      Path folder, List<String> wanted, List<String> labels, Map<String, Path> classes) {
    List<Clip> clips = new ArrayList<>();
    for (String label : wanted.stream().sorted().toList()) {
      Path of = classes.getOrDefault(label, folder.resolve(label));
      List<Path> files = AudioFiles.inFolder(of);
      if (files.isEmpty()) {
        throw new TrainerException("class folder \"%s\": holds no audio files".formatted(of));
      }
      for (Path file : files) {
        String name = folder.relativize(file).toString().replace('\\', '/');
        clips.add(Clip.of(file, name, labels.indexOf(label)));
      }
    }
    return clips;
  }
}
