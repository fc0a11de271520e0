package dev.lookaside.deploy.demo;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.SampleEncoder;
import dev.lookaside.ingest.send.ChunkProducer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends all streams of the demo at the speed of sound: each chunk at the moment its last sample
 * would have been captured. One thread.
 */
final class LiveSender implements AutoCloseable {
  /** What senders out there use: every stream takes the next one. */
  private static final List<AudioFormat.Encoding> ENCODINGS =
      List.of(AudioFormat.Encoding.S16LE, AudioFormat.Encoding.L16, AudioFormat.Encoding.F32LE);

  private record Due(Instant at, AudioChunk chunk) {}

  private final ChunkProducer producer;
  private final List<Due> schedule;
  private final Thread thread;
  private volatile boolean done;
  private volatile @Nullable RuntimeException failure;

  /**
   * Starts to send.
   *
   * @param epoch capture time of every stream's first sample
   * @param producer stays the caller's to close
   */
  LiveSender(List<StreamPlan> plans, Instant epoch, int chunkMillis, ChunkProducer producer) {
    this.producer = producer;
    List<Due> all = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      cut(plans.get(i), ENCODINGS.get(i % ENCODINGS.size()), epoch, chunkMillis, all);
    }
    all.sort(Comparator.comparing(Due::at));
    schedule = List.copyOf(all);
    thread = new Thread(this::send, "live-sender");
    thread.setDaemon(true);
    thread.start();
  }

  /** True when all is sent and durable. */
  boolean done() {
    RuntimeException e = failure;
    if (e != null) {
      throw e;
    }
    return done;
  }

  private static void cut(
      StreamPlan plan,
      AudioFormat.Encoding encoding,
      Instant epoch,
      int chunkMillis,
      List<Due> schedule) {
    Pcm audio = plan.audio();
    int rateHz = audio.rateHz();
    int chunkSamples = rateHz * chunkMillis / 1000;
    AudioFormat format = new AudioFormat(encoding, rateHz, 1);
    int total = audio.samples().length;
    for (int from = 0, sequence = 0; from < total; from += chunkSamples, sequence++) {
      int until = Math.min(total, from + chunkSamples);
      AudioChunk chunk =
          new AudioChunk(
              new StreamId(plan.name()),
              AudioChunk.NOT_GIVEN,
              AudioChunk.NOT_GIVEN,
              sequence,
              from,
              AudioChunk.timeOf(epoch, from, rateHz),
              format,
              SampleEncoder.encode(
                  encoding, Arrays.copyOfRange(audio.samples(), from, until), until - from),
              until == total);
      schedule.add(new Due(AudioChunk.timeOf(epoch, until, rateHz), chunk));
    }
  }

  private void send() {
    try {
      for (Due due : schedule) {
        long wait = Duration.between(Instant.now(), due.at()).toMillis();
        if (wait > 0) {
          Thread.sleep(wait);
        }
        producer.send(due.chunk());
      }
      producer.flush();
      done = true;
    } catch (InterruptedException e) {
      // Closed before the end.
      done = false;
    } catch (RuntimeException e) {
      failure = e;
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
