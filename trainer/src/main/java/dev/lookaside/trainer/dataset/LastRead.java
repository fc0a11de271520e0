package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Annotations name the parts of one long recording one after the other: it is decoded once. */
final class LastRead {
  private record Entry(Path file, Pcm pcm) {}

  private static SoftReference<@Nullable Entry> last = new SoftReference<>(null);

  private LastRead() {}

  static synchronized Pcm of(Path file) {
    Entry entry = last.get();
    if (entry == null || !entry.file().equals(file)) {
      entry = new Entry(file, AudioFiles.read(file));
      last = new SoftReference<>(entry);
    }
    return entry.pcm();
  }
}
