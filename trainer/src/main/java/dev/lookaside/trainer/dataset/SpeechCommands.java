package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.ClipFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Speech Commands 0.02: a folder per word, {@code validation_list.txt} and {@code testing_list.txt}
 * name the clips that are not for training, {@code _background_noise_} is no word.
 *
 * @see <a href="https://arxiv.org/abs/1804.03209">Warden: Speech Commands</a>
 */
final class SpeechCommands {
  private static final String NOISE = "_background_noise_";
  private static final List<String> WORDS =
      List.of(
          "backward",
          "bed",
          "bird",
          "cat",
          "dog",
          "down",
          "eight",
          "five",
          "follow",
          "forward",
          "four",
          "go",
          "happy",
          "house",
          "learn",
          "left",
          "marvin",
          "nine",
          "no",
          "off",
          "on",
          "one",
          "right",
          "seven",
          "sheila",
          "six",
          "stop",
          "three",
          "tree",
          "two",
          "up",
          "visual",
          "wow",
          "yes",
          "zero");

  private SpeechCommands() {}

  static DataSet load(Path folder) {
    Map<String, String> splitOf = new HashMap<>();
    readList(folder.resolve("validation_list.txt"), DataSet.VALIDATION, splitOf);
    readList(folder.resolve("testing_list.txt"), DataSet.TEST, splitOf);
    List<Path> noiseFiles = new ArrayList<>();
    checkFolders(folder, noiseFiles);
    List<Segment> segments = new ArrayList<>();
    for (Clip clip : ClipFolder.of(folder, WORDS).clips()) {
      String split = splitOf.remove(clip.name());
      segments.add(
          new Segment(
              clip.name(),
              Recording.of(folder.resolve(clip.name()), clip.name()),
              split == null ? DataSet.TRAIN : split,
              clip.label(),
              Optional.empty()));
    }
    splitOf.forEach(
        (name, split) -> {
          throw new TrainerException(
              "%s: clip \"%s\": no such file, but the %s list names it"
                  .formatted(folder, name, split));
        });
    List<Recording> noise = new ArrayList<>();
    noiseFiles.forEach(f -> noise.add(Recording.of(f, NOISE + "/" + f.getFileName())));
    return new DataSet("speech-commands", folder.toString(), WORDS, segments, noise);
  }

  private static void readList(Path file, String split, Map<String, String> splitOf) {
    try {
      int number = 0;
      for (String line : Files.readAllLines(file)) {
        number++;
        String name = line.strip();
        if (!name.isEmpty() && splitOf.put(name, split) != null) {
          throw new TrainerException(
              "%s line %d: clip \"%s\": is listed twice".formatted(file, number, name));
        }
      }
    } catch (IOException e) {
      throw new TrainerException(
          file + ": cannot be read, but Speech Commands comes with it: " + FaultReason.of(e), e);
    }
  }

  private static void checkFolders(Path folder, List<Path> noise) {
    try (Stream<Path> children = Files.list(folder)) {
      for (Path child : children.filter(Files::isDirectory).sorted().toList()) {
        String name = child.getFileName().toString();
        if (name.equals(NOISE)) {
          try (Stream<Path> files = Files.list(child)) {
            files.filter(f -> f.toString().endsWith(".wav")).sorted().forEach(noise::add);
          }
        } else if (!name.startsWith(".") && !WORDS.contains(name)) {
          throw new TrainerException(
              "%s: word \"%s\": is none of the 35 of Speech Commands 0.02".formatted(folder, name));
        }
      }
    } catch (IOException e) {
      throw new TrainerException(folder + ": cannot be listed: " + FaultReason.of(e), e);
    }
    for (String word : WORDS) {
      if (!Files.isDirectory(folder.resolve(word))) {
        throw new TrainerException(
            "%s: word \"%s\": has no folder (Speech Commands 0.02 has 35)".formatted(folder, word));
      }
    }
  }
}
