package dev.lookaside.ingest.send;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.AudioInput;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * Sends sources as streams of chunks. A source that fails ends its own stream (with its last chunk
 * marked) and no other; a Kafka that fails ends all.
 */
public final class StreamSender {
  private static final long MILLIS_PER_SECOND = 1000;
  private static final long MAX_SLEEP_NANOS = 100_000_000L;

  private final ChunkProducer producer;
  private final SendSettings settings;
  private final SendClock clock;
  private final SendProgress progress;
  private volatile boolean stopped;

  /** {@code producer} stays the caller's to close. */
  public StreamSender(
      ChunkProducer producer, SendSettings settings, SendClock clock, SendProgress progress) {
    this.producer = producer;
    this.settings = settings;
    this.clock = clock;
    this.progress = progress;
  }

  /**
   * Ends every stream after the chunk being sent; {@link #sendAll} then returns. For Ctrl-C; may
   * come from any thread.
   */
  public void stop() {
    stopped = true;
  }

  /**
   * Sends all sources, as many at once as the settings say, and waits until Kafka has everything.
   *
   * @return one result per source, in their order
   * @throws IngestException if Kafka cannot be reached or refuses
   */
  public List<SentStream> sendAll(List<AudioSource> sources) {
    int threads = Math.max(1, Math.min(settings.parallel(), sources.size()));
    ExecutorService pool = Executors.newFixedThreadPool(threads, StreamSender::thread);
    try {
      List<Future<SentStream>> running = new ArrayList<>();
      for (AudioSource source : sources) {
        running.add(pool.submit(() -> send(source)));
      }
      List<SentStream> results = new ArrayList<>();
      for (Future<SentStream> each : running) {
        results.add(result(each));
      }
      producer.flush();
      return List.copyOf(results);
    } catch (IngestException e) {
      // The other streams must not go on.
      stop();
      throw e;
    } finally {
      pool.shutdownNow();
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "lookaside-send");
    thread.setDaemon(true);
    return thread;
  }

  private static SentStream result(Future<SentStream> running) {
    try {
      return running.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IngestException("sending was interrupted", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IngestException fault) {
        throw fault;
      }
      throw new IngestException("sending failed: " + cause, e);
    }
  }

  /**
   * Sends one source to its end, in the calling thread.
   *
   * @throws IngestException if Kafka cannot be reached or refuses
   */
  public SentStream send(AudioSource source) {
    if (stopped) {
      return new SentStream(source.stream(), source.name(), 0, 0, 0, "stopped before its turn");
    }
    AudioInput input;
    try {
      input = source.opener().get();
    } catch (IngestException e) {
      return new SentStream(source.stream(), source.name(), 0, 0, 0, named(source, e));
    }
    try (input) {
      return send(source, input);
    } catch (IOException e) {
      // Everything was sent; only closing failed.
      throw new IngestException(source.name() + ": cannot be closed: " + e.getMessage(), e);
    }
  }

  private SentStream send(AudioSource source, AudioInput input) {
    int rateHz = input.rateHz();
    AudioFormat format = new AudioFormat(settings.encoding(), rateHz, input.channels());
    long chunkFrames = Math.max(1, (long) settings.chunkMillis() * rateHz / MILLIS_PER_SECOND);
    boolean paced = settings.realTime() && !source.live();
    Pacer pacer = paced ? Pacer.realTime(rateHz) : Pacer.MAX;
    long startNanos = clock.nanos();
    ChunkCutter cutter =
        new ChunkCutter(
            source.stream(),
            format,
            (int) chunkFrames,
            epoch(input, paced || source.live()),
            chunk -> deliver(chunk, input, pacer, startNanos));
    String fault = pump(source, input, cutter, (int) chunkFrames);
    cutter.finish();
    return new SentStream(
        source.stream(), source.name(), cutter.sentChunks(), cutter.sentFrames(), rateHz, fault);
  }

  /** Reads to the end, a fault or {@link #stop}; the fault, or null. */
  private @Nullable String pump(
      AudioSource source, AudioInput input, ChunkCutter cutter, int blockFrames) {
    float[] block = new float[blockFrames * input.channels()];
    while (!stopped) {
      int frames;
      try {
        frames = input.read(block, blockFrames);
      } catch (IOException | IngestException e) {
        return named(source, e);
      }
      if (frames < 0) {
        return cutter.sentFrames() == 0 && !cutter.pending() ? source.name() + ": no sound" : null;
      }
      cutter.add(block, frames);
    }
    return null;
  }

  private void deliver(AudioChunk chunk, AudioInput input, Pacer pacer, long startNanos) {
    int frameBytes = chunk.format().encoding().bytesPerSample() * chunk.format().channels();
    long untilFrame = chunk.sampleOffset() + chunk.payload().length / frameBytes;
    try {
      waitUntilDue(pacer, untilFrame, startNanos);
      producer.send(chunk);
    } catch (InterruptedException | InterruptException e) {
      Thread.currentThread().interrupt();
      throw new IngestException("sending was interrupted", e);
    }
    progress.sent(chunk.stream(), untilFrame, input.lengthFrames(), input.rateHz());
  }

  /** Sleeps in short pieces, so that stopping does not wait for a long chunk. */
  private void waitUntilDue(Pacer pacer, long untilFrame, long startNanos)
      throws InterruptedException {
    long wait;
    while (!stopped && (wait = pacer.waitNanos(untilFrame, clock.nanos() - startNanos)) > 0) {
      clock.sleep(Math.min(wait, MAX_SLEEP_NANOS));
    }
  }

  private Instant epoch(AudioInput input, boolean happensNow) {
    Instant given = settings.start();
    if (given != null) {
      return given;
    }
    if (happensNow || input.lengthFrames() < 0) {
      return clock.now();
    }
    return AudioChunk.epoch(clock.now(), input.lengthFrames(), input.rateHz());
  }

  private static String named(AudioSource source, Exception e) {
    String message = String.valueOf(e.getMessage());
    return message.startsWith(source.name()) ? message : source.name() + ": " + message;
  }
}
