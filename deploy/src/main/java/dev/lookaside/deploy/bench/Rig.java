package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.send.ChunkProducer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The whole service with the bundled model on an embedded Kafka, counting the windows it scores.
 */
final class Rig implements AutoCloseable {
  private static final int RATE_HZ = 16_000;
  private static final Duration STALL_TIMEOUT = Duration.ofMinutes(5);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(50);
  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

  private final EmbeddedKafka kafka;
  private final Service service;
  private final ChunkProducer producer;
  private final ConcurrentLinkedQueue<Long> scoredNanos = new ConcurrentLinkedQueue<>();
  private final AtomicLong scored = new AtomicLong();
  private final AtomicLong unscored = new AtomicLong();
  private long lastProgressNanos = System.nanoTime();

  private Rig(EmbeddedKafka kafka, Map<String, Object> more) throws InterruptedException {
    this.kafka = kafka;
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers());
    settings.put("lookaside.ingest.source.group", "lookaside-bench");
    settings.put("lookaside.deploy.stop-timeout-seconds", 3);
    for (String topic : List.of("audio-chunks", "audio-detections", "audio-dead-letters")) {
      settings.put("lookaside.ingest.topics." + topic + ".partitions", 4);
    }
    Config config = Configuration.over(settings);
    service = Service.start(config, this::observed);
    producer = ChunkProducer.connect(IngestSettings.of(config));
    await(() -> service.health().healthy(), "start");
  }

  static Rig start(Map<String, Object> settings) throws InterruptedException {
    EmbeddedKafka kafka = EmbeddedKafka.start();
    try {
      return new Rig(kafka, settings);
    } catch (RuntimeException | InterruptedException e) {
      kafka.close();
      throw e;
    }
  }

  /**
   * Sends noise to all streams, one chunk of each after the other, as fast as the broker takes it.
   *
   * @param samples per stream
   * @param last whether the streams end with it
   */
  void send(int streams, int samples, int chunkSamples, boolean last) {
    byte[] noise = noise(1, chunkSamples);
    for (int from = 0, sequence = 0; from < samples; from += chunkSamples, sequence++) {
      int length = Math.min(chunkSamples, samples - from);
      byte[] payload = length == chunkSamples ? noise : Arrays.copyOf(noise, 2 * length);
      for (int s = 0; s < streams; s++) {
        producer.send(
            chunk("bench-" + s, EPOCH, sequence, from, payload, last && from + length == samples));
      }
    }
    producer.flush();
  }

  /** Mono PCM16 at 16 kHz of a stream that began at {@code start}. */
  static AudioChunk chunk(
      String stream, Instant start, int sequence, long fromSample, byte[] payload, boolean last) {
    return new AudioChunk(
        new StreamId(stream),
        AudioChunk.NOT_GIVEN,
        AudioChunk.NOT_GIVEN,
        sequence,
        fromSample,
        AudioChunk.timeOf(start, fromSample, RATE_HZ),
        new AudioFormat(AudioFormat.Encoding.S16LE, RATE_HZ, 1),
        payload,
        last);
  }

  long scored() {
    return scored.get();
  }

  /** Windows that were shed. */
  long unscored() {
    return unscored.get();
  }

  /** Waits until so many windows are done with, calling {@code meanwhile} now and then. */
  void awaitScored(long windows, Runnable meanwhile) throws InterruptedException {
    await(
        () -> {
          meanwhile.run();
          return scored() + unscored() >= windows;
        },
        windows + " windows, " + scored() + " scored so far");
  }

  /** Windows per second between two shares of all that was scored; start and end are not even. */
  double windowsPerSecond(double fromShare, double untilShare) {
    long[] times = scoredNanos.stream().mapToLong(Long::longValue).sorted().toArray();
    int from = (int) (fromShare * (times.length - 1));
    int until = (int) (untilShare * (times.length - 1));
    return (until - from) * 1e9 / Math.max(1, times[until] - times[from]);
  }

  private void observed(StreamDetector.Event event) {
    if (event instanceof StreamDetector.Windowed window) {
      if (window.posteriors() != null) {
        scoredNanos.add(System.nanoTime());
        scored.incrementAndGet();
      } else {
        unscored.incrementAndGet();
      }
    }
  }

  private interface Condition {
    boolean holds();
  }

  private void await(Condition condition, String what) throws InterruptedException {
    lastProgressNanos = System.nanoTime();
    long seen = scored();
    while (!condition.holds()) {
      String failure = service.awaitFailure(POLL_INTERVAL).orElse(null);
      if (failure != null) {
        throw new DeployException("benchmark: the service failed: " + failure);
      }
      if (scored() != seen) {
        seen = scored();
        lastProgressNanos = System.nanoTime();
      }
      if (System.nanoTime() - lastProgressNanos > STALL_TIMEOUT.toNanos()) {
        throw new DeployException("benchmark: no progress while waiting for " + what);
      }
    }
  }

  /** PCM16 of a level that the model scores like any other sound. */
  static byte[] noise(long seed, int samples) {
    Random random = new Random(seed);
    byte[] bytes = new byte[2 * samples];
    for (int i = 0; i < samples; i++) {
      int value = (int) (1000 * random.nextGaussian());
      bytes[2 * i] = (byte) value;
      bytes[2 * i + 1] = (byte) (value >> 8);
    }
    return bytes;
  }

  @Override
  public void close() {
    producer.close();
    service.close();
    kafka.close();
  }
}
