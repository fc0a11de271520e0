package dev.lookaside.ingest.send;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.SampleEncoder;
import java.time.Instant;
import java.util.function.Consumer;

/**
 * Cuts one stream into chunks of equal length and numbers them. Holds back the newest full chunk
 * until a further frame arrives, so that the last chunk can be marked as such and none is empty.
 */
final class ChunkCutter {
  private final StreamId stream;
  private final AudioFormat format;
  private final int chunkFrames;
  private final Instant epoch;
  private final Consumer<AudioChunk> out;
  private final float[] pending;
  private int pendingFrames;
  private long sequence;
  private long sentFrames;

  /**
   * @param format L16, S16LE or F32LE with the source's rate and channels
   * @param epoch capture time of sample 0
   * @param out gets every chunk once, in order
   */
  ChunkCutter(
      StreamId stream,
      AudioFormat format,
      int chunkFrames,
      Instant epoch,
      Consumer<AudioChunk> out) {
    if (chunkFrames < 1) {
      throw new IngestException("chunkFrames \"%d\": must be 1 or more".formatted(chunkFrames));
    }
    this.stream = stream;
    this.format = format;
    this.chunkFrames = chunkFrames;
    this.epoch = epoch;
    this.out = out;
    this.pending = new float[chunkFrames * format.channels()];
  }

  /** True if frames wait for their chunk to be full or last. */
  boolean pending() {
    return pendingFrames > 0;
  }

  /** Frames handed out in chunks, holes included. */
  long sentFrames() {
    return sentFrames;
  }

  /** Chunks handed out. */
  long sentChunks() {
    return sequence;
  }

  /**
   * Takes frames.
   *
   * @param interleaved {@code [frames][channels]}, only read
   */
  void add(float[] interleaved, int frames) {
    int channels = format.channels();
    int taken = 0;
    while (taken < frames) {
      if (pendingFrames == chunkFrames) {
        emit(false);
      }
      int count = Math.min(frames - taken, chunkFrames - pendingFrames);
      System.arraycopy(
          interleaved, taken * channels, pending, pendingFrames * channels, count * channels);
      pendingFrames += count;
      taken += count;
    }
  }

  /** Frames taken and skipped: where the next one would lie on the stream's clock. */
  long nextFrame() {
    return sentFrames + pendingFrames;
  }

  /**
   * Leaves a hole: the next frame lies at {@code frame}. What waits is handed out before it;
   * nothing is done where that frame has passed.
   *
   * @return length of the hole in frames
   */
  long skipTo(long frame) {
    long hole = frame - nextFrame();
    if (hole <= 0) {
      return 0;
    }
    if (pendingFrames > 0) {
      emit(false);
    }
    sentFrames = frame;
    return hole;
  }

  /** Hands out the rest as the last chunk; nothing if the stream never had a frame. */
  void finish() {
    if (pendingFrames > 0) {
      emit(true);
    }
  }

  private void emit(boolean last) {
    byte[] payload =
        SampleEncoder.encode(format.encoding(), pending, pendingFrames * format.channels());
    out.accept(
        new AudioChunk(
            stream,
            AudioChunk.NOT_GIVEN,
            AudioChunk.NOT_GIVEN,
            sequence,
            sentFrames,
            AudioChunk.timeOf(epoch, sentFrames, format.rateHz()),
            format,
            payload,
            last));
    sequence++;
    sentFrames += pendingFrames;
    pendingFrames = 0;
  }
}
