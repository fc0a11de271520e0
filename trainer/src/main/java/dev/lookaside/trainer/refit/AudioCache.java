package dev.lookaside.trainer.refit;

import dev.lookaside.ingest.audio.Pcm;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Sounds as they are composed into scenes, read, resampled and mixed once and not for each label
 * and round again. What was used longest ago goes first. Any thread.
 */
public final class AudioCache {
  private static final int SHARE_OF_HEAP = 16;

  private final long maxBytes;
  private final Map<Object, Optional<Pcm>> cached = new LinkedHashMap<>(256, 0.75f, true);
  private long bytes;

  /**
   * @param maxBytes of samples; 0: nothing is cached
   */
  AudioCache(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** One for a trainer: a sixteenth of the heap at most. */
  public static AudioCache ofHeap() {
    return new AudioCache(Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP);
  }

  /**
   * The audio of a key.
   *
   * @param key says all that it depends on
   * @param make called without a lock, by two threads at once at worst; empty is cached, too
   */
  Optional<Pcm> of(Object key, Supplier<Optional<Pcm>> make) {
    synchronized (this) {
      Optional<Pcm> found = cached.get(key);
      if (found != null) {
        return found;
      }
    }
    Optional<Pcm> made = make.get();
    synchronized (this) {
      Optional<Pcm> before = cached.put(key, made);
      bytes += bytes(made) - (before == null ? 0 : bytes(before));
      Iterator<Optional<Pcm>> oldest = cached.values().iterator();
      while (bytes > maxBytes && oldest.hasNext()) {
        bytes -= bytes(oldest.next());
        oldest.remove();
      }
    }
    return made;
  }

  private static long bytes(Optional<Pcm> audio) {
    return audio.map(pcm -> (long) Float.BYTES * pcm.lengthSamples()).orElse(0L);
  }
}
