package dev.lookaside.ingest.audio;

import java.io.Closeable;
import java.io.IOException;

/**
 * Decoded audio read piece by piece: a file, a pipe, a microphone. Used by one thread; whoever
 * opened it closes it. Every reader checks its samples: what comes out is finite.
 */
public interface AudioInput extends Closeable {
  /** Native rate in samples per second. */
  int rateHz();

  /** Channels in each frame. */
  int channels();

  /** Frames (samples per channel) in all, or -1 when only the end will tell. */
  long lengthFrames();

  /**
   * True if the end that {@link #read} came to is the sound's own: that of a file, or of a source
   * that said how long it is. A live source has none.
   */
  default boolean complete() {
    return true;
  }

  /**
   * Reads at least one frame, at most {@code maxFrames}; blocks until there is one.
   *
   * @param interleaved receives {@code [frames][channels]}, full scale [-1, 1)
   * @return frames read, or -1 at the end
   * @throws AudioFormatException if the data breaks its format's rules, naming field and value
   * @throws IOException if reading fails
   */
  int read(float[] interleaved, int maxFrames) throws IOException;
}
