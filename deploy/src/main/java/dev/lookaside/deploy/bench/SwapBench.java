package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.RegistryClients;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.registry.SigningKey;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.deploy.BundledModel;
import dev.lookaside.deploy.Configuration;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.EmbeddedKafka;
import dev.lookaside.deploy.Service;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.send.ChunkProducer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Adapters swapped under live streams: what it does to latency, windows and memory. */
final class SwapBench {
  private static final int STREAMS = 8;
  private static final int RATE_HZ = 16_000;
  private static final int CHUNK_MILLIS = 100;
  private static final int WARM_SECONDS = 30;
  private static final int STEADY_SECONDS = 40;
  private static final int SWAPS = 300;
  private static final int CHUNKS_PER_SWAP = 2;

  /** More than are kept loaded: each swap is prepared from the topic. */
  private static final int DISTINCT = 40;

  private static final int EARLY = 100;
  private static final Duration LEAD = Duration.ofMillis(2_000);
  private static final long MAX_MILLIS = Duration.ofHours(1).toMillis();

  private final Histogram steady = new ConcurrentHistogram(MAX_MILLIS, 3);
  private final Histogram swapping = new ConcurrentHistogram(MAX_MILLIS, 3);
  private final AtomicLong scored = new AtomicLong();
  private final AtomicLong shed = new AtomicLong();
  private final AtomicLong others = new AtomicLong();
  private volatile Instant swapsFrom = Instant.MAX;
  private volatile Instant steadyFrom = Instant.MAX;
  private volatile String configured = "";

  private SwapBench() {}

  static void run(Report report) {
    report.part(
        "swaps",
        "%d live streams, demo model, %d swaps of all of them, one each %d ms"
            .formatted(STREAMS, SWAPS, CHUNKS_PER_SWAP * CHUNK_MILLIS));
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      new SwapBench().measure(report, kafka, new KeyFolder(folder.path()));
    }
  }

  private void measure(Report report, EmbeddedKafka kafka, KeyFolder keys) {
    SigningKey key = keys.create("bench");
    Config config =
        Configuration.over(
            Map.of(
                "lookaside.ingest.kafka-clients.bootstrap.servers",
                kafka.bootstrapServers(),
                "lookaside.classifier.security.adapters.keys-folder",
                keys.path().toString()));
    IngestSettings ingest = IngestSettings.of(config);
    try (Service service = Service.start(config, this::observed);
        RegistryWriter writer = new RegistryWriter(new RegistryClients(ingest), key);
        ChunkProducer producer = ChunkProducer.connect(ingest)) {
      configured = service.model().adapterDigest();
      List<String> adapters = publish(writer);
      Instant start = Instant.now();
      steadyFrom = start.plusSeconds(WARM_SECONDS);
      int swapFrom = (WARM_SECONDS + STEADY_SECONDS) * 1_000 / CHUNK_MILLIS;
      swapsFrom = start.plusSeconds(WARM_SECONDS + STEADY_SECONDS);
      double early = 0;
      // Longer than the swaps, so that the last window of the last swap is full.
      int chunks = swapFrom + SWAPS * CHUNKS_PER_SWAP + 4_000 / CHUNK_MILLIS;
      for (int k = 0; k < chunks; k++) {
        sleepUntil(start.plusMillis((long) (k + 1) * CHUNK_MILLIS));
        send(producer, start, k, k == chunks - 1);
        int swap = Math.floorDiv(k - swapFrom, CHUNKS_PER_SWAP);
        if (k % CHUNKS_PER_SWAP == 0 && swap >= 0 && swap < SWAPS) {
          writer.write(cutover(swap + 1, adapters.get(swap % DISTINCT)));
          early = swap == EARLY ? Machine.residentMiB() : early;
        }
      }
      double late = Machine.residentMiB();
      // The last windows are padded; what is asked for are those that lie in what was sent.
      long frames = 1 + ((long) chunks * CHUNK_MILLIS * RATE_HZ / 1_000 - 400) / 160;
      long expected = STREAMS * (1 + -Math.floorDiv(-(frames - 128), 16L));
      await(expected);
      say(report, expected, early, late);
    }
  }

  private void say(Report report, long expected, double early, double late) {
    double before = steady.getValueAtPercentile(99);
    double during = swapping.getValueAtPercentile(99);
    report.figure("steadyP99Millis", "window latency p99, steady", before, "ms");
    report.figure("swapP99Millis", "window latency p99, while swapping", during, "ms");
    report.figure("swapP99Ratio", "p99 while swapping over steady", during / before, "times");
    report.figure("windowsLost", "windows lost", expected - scored.get(), "of " + expected);
    report.figure("windowsShed", "windows shed", shed.get(), "");
    report.figure("windowsSwapped", "windows by swapped adapters", others.get(), "");
    report.figure("earlyMiB", "resident after the first 100 swaps", early, "MiB");
    report.figure("lateMiB", "resident after the last swap", late, "MiB");
    report.figure("morePercent", "resident memory, more", 100 * (late / early - 1), "%");
  }

  private void observed(StreamDetector.Event event) {
    if (!(event instanceof StreamDetector.Windowed w)) {
      return;
    }
    if (w.outcome() == StreamDetector.Outcome.SHED || w.adapter() == null) {
      shed.incrementAndGet();
      return;
    }
    scored.incrementAndGet();
    others.addAndGet(w.adapter().digest().equals(configured) ? 0 : 1);
    long millis = Duration.between(w.capturedUntil(), Instant.now()).toMillis();
    if (!w.capturedUntil().isBefore(swapsFrom)) {
      swapping.recordValue(Math.max(0, Math.min(MAX_MILLIS, millis)));
    } else if (!w.capturedUntil().isBefore(steadyFrom)) {
      steady.recordValue(Math.max(0, Math.min(MAX_MILLIS, millis)));
    }
  }

  private static List<String> publish(RegistryWriter writer) {
    List<String> digests = new ArrayList<>();
    try (BundledModel model = BundledModel.open()) {
      Adapter bundled = Adapter.load(model.adapter());
      for (int i = 0; i < DISTINCT; i++) {
        Map<String, FloatTensor> tensors = new TreeMap<>(bundled.tensors());
        float[] bias = bundled.tensor("head.fc.bias").toArray();
        bias[0] += 0.01f * (i + 1);
        tensors.put("head.fc.bias", FloatTensor.of(new int[] {bias.length}, bias));
        digests.add(writer.publish(SafetensorsWriter.encode(tensors, bundled.metadata())));
      }
    }
    return digests;
  }

  private static Cutover cutover(long number, String adapter) {
    Instant now = Instant.now();
    return new Cutover(
        Scope.ALL,
        number,
        adapter,
        now.plus(LEAD),
        "promote",
        "bench",
        now,
        null,
        null,
        null,
        null,
        null);
  }

  private static void send(ChunkProducer producer, Instant start, int k, boolean last) {
    int samples = RATE_HZ * CHUNK_MILLIS / 1_000;
    for (int s = 0; s < STREAMS; s++) {
      Random random = new Random(1_000L * s + k);
      byte[] noise = new byte[2 * samples];
      for (int i = 0; i < samples; i++) {
        int value = (int) (1_000 * random.nextGaussian());
        noise[2 * i] = (byte) value;
        noise[2 * i + 1] = (byte) (value >> 8);
      }
      producer.send(
          new AudioChunk(
              new StreamId("swap-" + s),
              AudioChunk.NOT_GIVEN,
              AudioChunk.NOT_GIVEN,
              k,
              (long) k * samples,
              AudioChunk.timeOf(start, (long) k * samples, RATE_HZ),
              new AudioFormat(AudioFormat.Encoding.S16LE, RATE_HZ, 1),
              noise,
              last));
    }
  }

  private static void sleepUntil(Instant when) {
    for (Duration left = Duration.between(Instant.now(), when);
        left.compareTo(Duration.ZERO) > 0;
        left = Duration.between(Instant.now(), when)) {
      LockSupport.parkNanos(left.toNanos());
      if (Thread.interrupted()) {
        throw new DeployException("benchmark: interrupted");
      }
    }
  }

  /** What comes late counts, but not for ever. */
  private void await(long windows) {
    Instant patience = Instant.now().plusSeconds(60);
    while (scored.get() + shed.get() < windows && Instant.now().isBefore(patience)) {
      sleepUntil(Instant.now().plusMillis(50));
    }
  }
}
