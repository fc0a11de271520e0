package dev.lookaside.trainer.example;

import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * A labelled sound that is read when it is needed.
 *
 * @param name for people, unique in its set
 * @param label index of its class
 * @param reader gives the same samples each time; throws {@link
 *     dev.lookaside.ingest.IngestException} if there are none to be had
 */
public record Clip(String name, int label, Supplier<Pcm> reader) {
  /** A whole audio file, channels mixed. */
  public static Clip of(Path file, String name, int label) {
    return new Clip(name, label, () -> AudioFiles.read(file));
  }
}
