package dev.lookaside.trainer.store;

import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.fit.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * The files of a store, named by the example: whole or not there, and the same bytes if written
 * again. Those of a row that never came about stay until its audio is read again.
 */
final class StoredFiles {
  private static final Pattern PLAIN = Pattern.compile("[0-9a-f]{32}");

  private final Path folder;
  private final FrontEnd frontEnd;

  StoredFiles(Path folder, FrontEnd frontEnd) {
    this.folder = folder;
    this.frontEnd = frontEnd;
  }

  static Path audio(Path folder, String name) {
    return folder.resolve("audio").resolve(name + ".wav");
  }

  static Path logMel(Path folder, String name) {
    return folder.resolve("logmel").resolve(name + ".npy");
  }

  /** An id of another writer's making may be no file name. */
  static String name(String id) {
    return PLAIN.matcher(id).matches() ? id : Digests.id("file", id);
  }

  void makeFolders() {
    try {
      Files.createDirectories(folder.resolve("audio"));
      Files.createDirectories(folder.resolve("logmel"));
    } catch (IOException e) {
      throw new TrainerException(
          "%s: no store can be made here: %s".formatted(folder, FaultReason.of(e)), e);
    }
  }

  /** Removes both files of a row that is gone. */
  void delete(String name) {
    try {
      Files.deleteIfExists(audio(folder, name));
      Files.deleteIfExists(logMel(folder, name));
    } catch (IOException e) {
      throw new TrainerException(
          "%s: cannot be removed: %s".formatted(audio(folder, name), FaultReason.of(e)), e);
    }
  }

  /**
   * Writes both files.
   *
   * @return sha256 of the audio file
   * @throws TrainerException if one cannot be written
   */
  String write(String name, Pcm pcm) {
    Path file = audio(folder, name);
    AtomicFile.write(file, part -> WavWriter.writeInt16(part, pcm));
    // From the file: the log-mel of what is stored, not of what was rounded.
    float[] values = LogMel.of(frontEnd).clip(AudioFiles.read(file).samples());
    int frames = values.length / frontEnd.mels();
    Npy logMel = new Npy(new int[] {frames, frontEnd.mels()}, values);
    AtomicFile.write(logMel(folder, name), logMel::write);
    return Digests.sha256(file);
  }
}
