package dev.lookaside.deploy.demo;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.StreamId;
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

  /** A piece of a stream, encoded when it is sent. */
  private record Due(
      Instant at,
      StreamPlan plan,
      AudioFormat.Encoding encoding,
      int sequence,
      int from,
      int until) {}

  private final ChunkProducer producer;
  private final Instant epoch;
  private final List<Due> schedule;
  private final Thread thread;
  private volatile double endSecond = Double.POSITIVE_INFINITY;
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
    this.epoch = epoch;
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
    int rateHz = plan.audio().rateHz();
    int chunkSamples = rateHz * chunkMillis / 1000;
    int total = plan.audio().samples().length;
    for (int from = 0, sequence = 0; from < total; from += chunkSamples, sequence++) {
      int until = Math.min(total, from + chunkSamples);
      schedule.add(
          new Due(AudioChunk.timeOf(epoch, until, rateHz), plan, encoding, sequence, from, until));
    }
  }

  private AudioChunk chunk(Due due, boolean last) {
    int rateHz = due.plan().audio().rateHz();
    float[] samples = due.plan().audio().samples();
    return new AudioChunk(
        new StreamId(due.plan().name()),
        AudioChunk.NOT_GIVEN,
        AudioChunk.NOT_GIVEN,
        due.sequence(),
        due.from(),
        AudioChunk.timeOf(epoch, due.from(), rateHz),
        new AudioFormat(due.encoding(), rateHz, 1),
        SampleEncoder.encode(
            due.encoding(),
            Arrays.copyOfRange(samples, due.from(), due.until()),
            due.until() - due.from()),
        last);
  }

  /**
   * Lets the streams end earlier than planned.
   *
   * @param second of the streams, where chunks meet; at least half a second ahead
   */
  void endAt(double second) {
    endSecond = second;
  }

  private void send() {
    try {
      for (Due due : schedule) {
        long end = due.plan().samplesUntil(endSecond);
        if (due.from() < end) {
          long wait = Duration.between(Instant.now(), due.at()).toMillis();
          if (wait > 0) {
            Thread.sleep(wait);
          }
          producer.send(chunk(due, due.until() >= due.plan().samplesUntil(endSecond)));
        }
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
