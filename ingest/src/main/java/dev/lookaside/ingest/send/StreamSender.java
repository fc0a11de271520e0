package dev.lookaside.ingest.send;

import dev.lookaside.ingest.IngestException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Sends sources as streams of chunks. A source that fails ends its own stream (with its last chunk
 * marked) and no other; a Kafka that fails ends all.
 */
public final class StreamSender {
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
   * Ends every stream at once, with what was read as its last chunk; {@link #sendAll} then returns.
   * For Ctrl-C; may come from any thread.
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
    return stopped
        ? SentStream.nothing(source, "stopped before its turn")
        : new SourceRun(source, producer, settings, clock, progress, () -> stopped).toItsEnd();
  }
}
