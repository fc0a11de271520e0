package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.send.ChunkProducer;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * What a backlog and what exactly-once cost. Default settings but for what is compared; the broker
 * has a process of its own; audio is the bundled clips, one after the other.
 */
final class LoadBench {
  private static final int STREAMS = 12;
  private static final int RATE_HZ = 16_000;
  private static final int CHUNK_MILLIS = 500;
  private static final int CHUNK_SAMPLES = RATE_HZ * CHUNK_MILLIS / 1_000;
  private static final int SMALL_CHUNK_SAMPLES = RATE_HZ / 100;
  private static final int LAG_RECORDS = 1_000_000;
  private static final int LAG_STREAMS = 100;
  private static final int LIVE_SECONDS = 30;
  private static final int LIVE_STREAMS = 4;

  /** Windows over which each rate is taken, and before them those for which the JVM compiles. */
  private static final long WARM_WINDOWS = 4_000;

  private static final long WINDOWS = 12_000;
  private static final long WINDOWS_PER_CHUNK = 3; // 500 ms by windows every 160 ms, rounded down
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private LoadBench() {}

  /** A running service with counters. */
  private static final class Run implements AutoCloseable {
    final AtomicLong scored = new AtomicLong();
    final AtomicLong shed = new AtomicLong();
    final Histogram durable = new ConcurrentHistogram(PATIENCE.toMillis(), 3);
    final Histogram windows = new ConcurrentHistogram(PATIENCE.toMillis(), 3);
    final BrokerProcess kafka;
    final Service service;
    final ChunkProducer producer;
    final byte[] audio = audio();

    Run(Map<String, Object> more) {
      Map<String, Object> settings = new TreeMap<>(more);
      kafka = BrokerProcess.start();
      settings.put("lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers());
      Config config = Configuration.over(settings);
      service = Service.start(config, this::observed);
      producer = ChunkProducer.connect(IngestSettings.of(config));
      await("the service is ready", () -> service.health().healthy());
    }

    private void observed(StreamDetector.Event event) {
      if (event instanceof StreamDetector.Windowed w) {
        if (w.outcome() == StreamDetector.Outcome.SCORED) {
          scored.incrementAndGet();
          windows.recordValue(millis(w.capturedUntil(), Instant.now()));
        } else if (w.outcome() == StreamDetector.Outcome.SHED) {
          shed.incrementAndGet();
        }
      } else if (event instanceof StreamDetector.Delivered d) {
        durable.recordValue(millis(d.capturedUntil(), d.durableAt()));
      }
    }

    private static long millis(Instant from, Instant until) {
      return Math.max(0, Math.min(PATIENCE.toMillis(), Duration.between(from, until).toMillis()));
    }

    /** Chunk {@code k} of a stream that began at {@code start}. */
    void send(String stream, Instant start, int k, int samples) {
      byte[] payload = new byte[2 * samples];
      long from = 2L * k * samples;
      for (int i = 0; i < payload.length; i++) {
        payload[i] = audio[(int) ((from + i) % audio.length)];
      }
      long sample = (long) k * samples;
      producer.send(Rig.chunk(stream, start, k, sample, payload, false));
    }

    void await(String what, BooleanSupplier condition) {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      try {
        while (!condition.getAsBoolean()) {
          String failure = service.awaitFailure(Duration.ofMillis(20)).orElse(null);
          if (failure != null || System.nanoTime() > deadline) {
            throw new DeployException(
                "benchmark: waiting until %s: %s"
                    .formatted(what, failure == null ? "took too long" : failure));
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DeployException("benchmark: interrupted", e);
      }
    }

    /** Windows per second from now until so many more are scored. */
    double rate(long more) {
      long from = scored.get();
      long start = System.nanoTime();
      await(more + " windows are scored", () -> scored.get() - from >= more);
      return (scored.get() - from) * 1e9 / (System.nanoTime() - start);
    }

    @Override
    public void close() {
      producer.close();
      service.close();
      kafka.close();
    }
  }

  /** All bundled clips, PCM16 little-endian. */
  private static byte[] audio() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (BundledClips.Named named : BundledClips.named()) {
      for (float sample : named.clip().pcm().samples()) {
        int value = Math.round(Math.max(-1, Math.min(1, sample)) * Short.MAX_VALUE);
        bytes.write(value);
        bytes.write(value >> 8);
      }
    }
    return bytes.toByteArray();
  }

  /** Windows scored per second with a backlog over those without one; memory with much backlog. */
  static void overload(Report report) {
    report.part(
        "overload",
        "%d streams, demo model, default settings, broker in a process of its own"
            .formatted(STREAMS));
    double without;
    double with;
    long shed;
    try (Run run = new Run(Map.of())) {
      Instant start = Instant.now().minusSeconds(3_600);
      int[] sent = {0};
      // Kept just busy: the next half second of audio goes in when the last but one is scored.
      Thread feeder =
          new Thread(
              () -> {
                while (!Thread.currentThread().isInterrupted()) {
                  long done = run.scored.get() / STREAMS / WINDOWS_PER_CHUNK;
                  if (sent[0] - done < 4) {
                    sendAll(run, start, sent[0]++);
                  } else {
                    LockSupport.parkNanos(1_000_000);
                  }
                }
              },
              "bench-feeder");
      feeder.start();
      run.rate(WARM_WINDOWS);
      without = run.rate(WINDOWS);
      feeder.interrupt();
      feeder.join();
      int more = (int) (2 * WINDOWS / STREAMS / WINDOWS_PER_CHUNK);
      for (int k = 0; k < more; k++) {
        sendAll(run, start, sent[0]++);
      }
      run.producer.flush();
      with = run.rate(WINDOWS);
      shed = run.shed.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("benchmark: interrupted", e);
    }
    report.figure("withoutBacklogWindowsPerSecond", "scored, kept just busy", without, "windows/s");
    report.figure(
        "withBacklogWindowsPerSecond", "scored, with minutes of backlog", with, "windows/s");
    report.figure("ratioPercent", "with over without backlog", 100 * with / without, "%");
    report.figure("windowsShed", "windows shed", shed, "");
    lag(report);
  }

  private static void sendAll(Run run, Instant start, int k) {
    for (int s = 0; s < STREAMS; s++) {
      run.send("load-" + s, start, k, CHUNK_SAMPLES);
    }
  }

  private static void lag(Report report) {
    try (Run run = new Run(Map.of())) {
      Instant start = Instant.now().minusSeconds(3_600);
      double usedBefore = ResidentMemory.usedHeapMiB();
      ResidentMemory before = ResidentMemory.now();
      for (int k = 0; k < LAG_RECORDS / LAG_STREAMS; k++) {
        for (int s = 0; s < LAG_STREAMS; s++) {
          run.send("lag-" + s, start, k, SMALL_CHUNK_SAMPLES);
        }
      }
      run.producer.flush();
      double rate = run.rate(WINDOWS);
      ResidentMemory now = ResidentMemory.now();
      report.figure(
          "lagRecords", "records waiting", LAG_RECORDS, "of %d streams".formatted(LAG_STREAMS));
      report.figure("lagWindowsPerSecond", "scored meanwhile", rate, "windows/s");
      report.figure("lagBeforeMiB", "resident memory before", before.residentMiB(), before.parts());
      report.figure(
          "lagResidentMiB", "resident memory with that lag", now.residentMiB(), now.parts());
      // A heap that may grow is what the JVM has taken, garbage and all; this is what is needed.
      report.figure("lagUsedBeforeMiB", "of the heap in use before", usedBefore, "MiB");
      report.figure(
          "lagUsedMiB", "of the heap in use with that lag", ResidentMemory.usedHeapMiB(), "MiB");
      report.figure("lagWindowsShed", "windows shed", run.shed.get(), "");
    }
  }

  /** What it costs that every detection is committed once and only once. */
  static void delivery(Report report) {
    report.part(
        "delivery",
        "exactly-once against at-least-once: demo model, broker in a process of its own");
    Map<String, double[]> figures = new TreeMap<>();
    for (String delivery : List.of("at-least-once", "exactly-once")) {
      try (Run run = new Run(Map.of("lookaside.ingest.source.delivery", delivery))) {
        Instant past = Instant.now().minusSeconds(3_600);
        int chunks = (int) ((WARM_WINDOWS + WINDOWS) * 3 / 2 / STREAMS / WINDOWS_PER_CHUNK);
        for (int k = 0; k < chunks; k++) {
          sendAll(run, past, k);
        }
        run.producer.flush();
        run.rate(WARM_WINDOWS);
        double rate = run.rate(WINDOWS);
        figures.put(delivery, new double[] {rate, 0, 0, 0});
      }
      try (Run run = new Run(Map.of("lookaside.ingest.source.delivery", delivery))) {
        live(run, LIVE_SECONDS / 3);
        run.durable.reset();
        run.windows.reset();
        live(run, LIVE_SECONDS);
        double[] its = figures.computeIfAbsent(delivery, none -> new double[4]);
        its[1] = run.durable.getValueAtPercentile(50);
        its[2] = run.durable.getValueAtPercentile(99);
        its[3] = run.windows.getValueAtPercentile(99);
      }
    }
    figures.forEach(
        (delivery, f) ->
            report.row(
                "deliveries",
                delivery,
                Map.of(
                    "windowsPerSecond", f[0],
                    "detectionP50Millis", f[1],
                    "detectionP99Millis", f[2],
                    "windowP99Millis", f[3]),
                "%,.0f windows/s with a backlog; live, last sample to durable: p50 %.0f ms, p99 %.0f ms"
                        .formatted(f[0], f[1], f[2])
                    + " (to scores: p99 %.0f ms)".formatted(f[3])));
    double[] once = figures.getOrDefault("exactly-once", new double[4]);
    double[] least = figures.getOrDefault("at-least-once", new double[4]);
    report.figure(
        "throughputRatio", "exactly-once over at-least-once", once[0] / least[0], "in windows/s");
    report.figure("p99MoreMillis", "more latency at p99", once[2] - least[2], "ms");
  }

  /** Live streams, chunks of 100 ms, at the speed of sound. */
  private static void live(Run run, int seconds) {
    Instant start = Instant.now();
    int samples = RATE_HZ / 10;
    for (int k = 0; k < seconds * 10; k++) {
      Instant due = start.plusMillis(100L * (k + 1));
      run.await("a chunk is due", () -> !Instant.now().isBefore(due));
      for (int s = 0; s < LIVE_STREAMS; s++) {
        run.send("live-" + start.toEpochMilli() + "-" + s, start, k, samples);
      }
    }
  }
}
