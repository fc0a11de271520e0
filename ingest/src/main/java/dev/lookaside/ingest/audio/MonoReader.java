package dev.lookaside.ingest.audio;

import java.io.IOException;
import java.util.Arrays;

/** Reads an input to its end into one mono array. */
final class MonoReader {
  private static final int READ_FRAMES = 4096;

  /** The longest array that every Java runtime gives. */
  private static final int MAX_ARRAY = Integer.MAX_VALUE - 16;

  private MonoReader() {}

  /** Does not close {@code input}. */
  static Pcm readAll(AudioInput input, ChannelPolicy policy, long maxFrames) throws IOException {
    int channels = input.channels();
    long limit = Math.min(maxFrames, MAX_ARRAY);
    float[] interleaved = new float[READ_FRAMES * channels];
    // What a header promises is not allocated before it is there.
    long expected = Math.max(READ_FRAMES, Math.min(input.lengthFrames(), 1 << 20));
    float[] mono = new float[(int) Math.min(limit, expected)];
    int length = 0;
    int frames;
    while ((frames = input.read(interleaved, READ_FRAMES)) >= 0) {
      if (length + (long) frames > limit) {
        throw Faults.tooLarge("samples per channel", length + (long) frames, limit, "samples");
      }
      if (length + frames > mono.length) {
        long larger = Math.max(length + frames, Math.min(2L * mono.length, limit));
        mono = Arrays.copyOf(mono, (int) larger);
      }
      policy.toMono(interleaved, channels, mono, length, frames);
      length += frames;
    }
    if (length == 0) {
      throw Faults.empty("samples per channel", 0);
    }
    return new Pcm(input.rateHz(), length == mono.length ? mono : Arrays.copyOf(mono, length));
  }
}
