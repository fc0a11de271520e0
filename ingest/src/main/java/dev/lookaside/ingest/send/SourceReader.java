package dev.lookaside.ingest.send;

import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.AudioInput;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Opens and reads one source in a thread of its own, a few blocks ahead, so that whoever sends it
 * can wait with a limit: a pipe or a camera that says nothing blocks its reader for ever, and a
 * read cannot be called back.
 */
final class SourceReader implements AutoCloseable {
  private static final int BLOCKS_AHEAD = 4;
  private static final long CLOSE_MILLIS = 300;

  /** What the source did. {@link Opened} comes first, {@link Ended} or {@link Failed} last. */
  sealed interface Step {}

  /** It can be read. */
  record Opened(int rateHz, int channels, long lengthFrames) implements Step {}

  /** {@code [frames][channels]}; nobody else writes to it. */
  @SuppressWarnings("ArrayRecordComponent") // A copy of every sample is what this must avoid.
  record Block(float[] interleaved, int frames) implements Step {}

  /**
   * It has no more samples.
   *
   * @param complete see {@link AudioInput#complete}
   */
  record Ended(boolean complete) implements Step {}

  /** It cannot be opened or read. */
  record Failed(String message) implements Step {}

  /** A fault of the program, which the sender throws on. */
  record Crashed(Throwable cause) implements Step {}

  private final AudioSource source;
  private final int blockMillis;
  private final BlockingQueue<Step> steps = new ArrayBlockingQueue<>(BLOCKS_AHEAD);
  private final Thread thread;
  private volatile @Nullable AudioInput opened;
  private volatile boolean closed;

  /**
   * Starts to read.
   *
   * @param blockMillis length of a block
   */
  SourceReader(AudioSource source, int blockMillis) {
    this.source = source;
    this.blockMillis = blockMillis;
    this.thread = daemon(this::run, "lookaside-read");
    thread.start();
  }

  private static Thread daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  /** The next step, or null if there is none within {@code millis}. */
  @Nullable Step poll(long millis) throws InterruptedException {
    return steps.poll(millis, TimeUnit.MILLISECONDS);
  }

  private void run() {
    try {
      steps.put(read());
    } catch (InterruptedException e) {
      // Closed: nobody waits for what it was.
      Thread.currentThread().interrupt();
    }
  }

  /** The last step. */
  private Step read() throws InterruptedException {
    try (AudioInput input = source.opener().get()) {
      opened = input;
      int frames = Math.max(1, (int) ((long) blockMillis * input.rateHz() / 1000));
      steps.put(new Opened(input.rateHz(), input.channels(), input.lengthFrames()));
      while (!closed) {
        float[] block = new float[frames * input.channels()];
        int got = input.read(block, frames);
        if (got < 0) {
          return new Ended(input.complete());
        }
        steps.put(new Block(block, got));
      }
      return new Ended(false);
    } catch (IOException | IngestException e) {
      return new Failed(named(FaultReason.of(e)));
    } catch (RuntimeException | Error e) {
      return new Crashed(e);
    }
  }

  private String named(String message) {
    return message.startsWith(source.name() + ":") ? message : source.name() + ": " + message;
  }

  /**
   * Ends reading, and waits a moment for the source to be closed. A read that nothing can end keeps
   * its thread, which does not keep the process.
   */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    Thread closer = daemon(this::closeInput, "lookaside-close");
    closer.start();
    try {
      closer.join(CLOSE_MILLIS);
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void closeInput() {
    AudioInput input = opened;
    if (input != null) {
      try {
        input.close();
      } catch (IOException e) {
        // Everything that was read is with the sender; there is nothing to lose.
        return;
      }
    }
  }
}
