package dev.lookaside.deploy.bench;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.registry.SigningKey;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.send.ChunkProducer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Adapters swapped under live streams: what it does to latency, windows and memory. */
public final class SwapBench {
  private static final int STREAMS = 8;
  private static final int RATE_HZ = 16_000;
  private static final int CHUNK_MILLIS = 100;
  private static final int WARM_SECONDS = 30;
  private static final int STEADY_SECONDS = 40;
  private static final int CHUNKS_PER_SWAP = 2;
  private static final int CHUNKS_PER_SECOND = 1_000 / CHUNK_MILLIS;

  /** More than are kept loaded: each swap is prepared from the topic. */
  private static final int DISTINCT = 40;

  /** Swaps after which memory is looked at for the first time. */
  public static final int EARLY = 100;

  /** Looks at memory at most, besides the first and the last. */
  private static final int LOOKS = 10;

  /** A look is the median of so many seconds. */
  private static final int LOOK_SECONDS = 10;

  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration LEAD = Duration.ofMillis(2_000);
  private static final long MAX_MILLIS = Duration.ofHours(1).toMillis();

  private final Histogram steady = new ConcurrentHistogram(MAX_MILLIS, 3);
  private final Histogram swapping = new ConcurrentHistogram(MAX_MILLIS, 3);
  private final SwapAccount account = new SwapAccount();
  private final TreeMap<Integer, ResidentMemory> looks = new TreeMap<>();

  /** The last seconds' memory, one a second, the newest last. */
  private final Deque<ResidentMemory> memory = new ArrayDeque<>();

  private final int swaps;
  private volatile Instant swapsFrom = Instant.MAX;
  private volatile Instant steadyFrom = Instant.MAX;
  private volatile String configured = "";

  private SwapBench(int swaps) {
    this.swaps = swaps;
  }

  static void run(Report report, int swaps) {
    report.part(
        "swaps",
        "%d live streams, demo model, %d swaps of all of them, one each %d ms"
            .formatted(STREAMS, swaps, CHUNKS_PER_SWAP * CHUNK_MILLIS));
    try (BrokerProcess kafka = BrokerProcess.start();
        TemporaryFolder folder = new TemporaryFolder("lookaside-bench-")) {
      new SwapBench(swaps).measure(report, kafka, new KeyFolder(folder.path()));
    }
  }

  private void measure(Report report, BrokerProcess kafka, KeyFolder keys) {
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
        RegistryWriter writer = new RegistryWriter(ingest, key);
        ChunkProducer producer = ChunkProducer.connect(ingest)) {
      configured = service.model().adapterDigest();
      List<String> adapters = publish(writer);
      Instant start = Instant.now();
      steadyFrom = start.plusSeconds(WARM_SECONDS);
      int swapFrom = (WARM_SECONDS + STEADY_SECONDS) * 1_000 / CHUNK_MILLIS;
      swapsFrom = start.plusSeconds(WARM_SECONDS + STEADY_SECONDS);
      // Longer than the swaps, so that the last window of the last swap is full.
      int chunks = swapFrom + swaps * CHUNKS_PER_SWAP + 4_000 / CHUNK_MILLIS;
      for (int k = 0; k < chunks; k++) {
        sleepUntil(start.plusMillis((long) (k + 1) * CHUNK_MILLIS));
        send(producer, start, k, k == chunks - 1);
        if (k % CHUNKS_PER_SECOND == 0) {
          memory.add(ResidentMemory.now());
          if (memory.size() > LOOK_SECONDS) {
            memory.remove();
          }
        }
        int swap = Math.floorDiv(k - swapFrom, CHUNKS_PER_SWAP);
        if (k % CHUNKS_PER_SWAP == 0 && swap >= 0 && swap < swaps) {
          Cutover next = cutover(swap + 1, adapters.get(swap % DISTINCT));
          account.decided(next);
          writer.write(next);
          if (swap + 1 < swaps && (swap + 1 == EARLY || (swap + 1) % lookEvery() == 0)) {
            looks.put(swap + 1, ResidentMemory.median(memory));
          }
        }
      }
      // The last windows are padded; what is asked for are those that lie in what was sent.
      long frames = 1 + ((long) chunks * CHUNK_MILLIS * RATE_HZ / 1_000 - 400) / 160;
      long expected = STREAMS * (1 + -Math.floorDiv(-(frames - 128), 16L));
      await(expected);
      looks.put(swaps, ResidentMemory.median(memory));
      show(report, account.totals(expected, configured));
      sayMemory(report);
    }
  }

  /** Swaps between two looks at memory. */
  private int lookEvery() {
    return Math.max(1, swaps / LOOKS / EARLY) * EARLY;
  }

  private void show(Report report, SwapAccount.Totals windows) {
    double before = steady.getValueAtPercentile(99);
    double during = swapping.getValueAtPercentile(99);
    report.figure("steadyP99Millis", "window latency p99, steady", before, "ms");
    report.figure("swapP99Millis", "window latency p99, while swapping", during, "ms");
    report.figure("swapP99Ratio", "p99 while swapping over steady", during / before, "times");
    report.figure("windowsExpected", "windows expected", windows.expected(), "");
    report.figure("windowsLost", "windows lost", windows.lost(), "");
    report.figure("windowsDoubled", "windows doubled", windows.doubled(), "");
    report.figure("windowsShed", "windows shed", windows.shed(), "");
    report.figure(
        "windowsMistaken", "windows by another adapter than the ledger's", windows.mistaken(), "");
    report.figure("windowsSwapped", "windows by swapped adapters", windows.swapped(), "");
    report.figure("swapsSeen", "swaps that scored windows", windows.decisions(), "of " + swaps);
  }

  private void sayMemory(Report report) {
    looks.forEach(
        (after, memory) -> {
          Map<String, Double> parts = new LinkedHashMap<>();
          parts.put("swaps", (double) after);
          parts.put("residentMiB", memory.residentMiB());
          parts.put("heapMiB", memory.heapMiB());
          parts.put("directMiB", memory.directMiB());
          parts.put("codeMiB", memory.codeMiB());
          parts.put("otherMiB", memory.otherMiB());
          report.row(
              "memory",
              "resident after %,d swaps".formatted(after),
              parts,
              "%.0f %s".formatted(memory.residentMiB(), memory.parts()));
        });
    report.text("heap", "Java heap", Machine.heap());
    report.figure(
        "trimIntervalMillis",
        "native heap trimmed every",
        Machine.trimIntervalMillis(),
        "ms (0: never)");
    double early = looks.firstEntry().getValue().residentMiB();
    double late = looks.lastEntry().getValue().residentMiB();
    report.figure("earlyMiB", "resident after the first 100 swaps", early, "MiB");
    report.figure("lateMiB", "resident after the last swap", late, "MiB");
    report.figure("morePercent", "resident memory, more", 100 * (late / early - 1), "%");
  }

  private void observed(StreamDetector.Event event) {
    if (!(event instanceof StreamDetector.Windowed w)) {
      return;
    }
    account.windowed(w);
    if (w.outcome() != StreamDetector.Outcome.SCORED) {
      return;
    }
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
      byte[] noise = Rig.noise(1_000L * s + k, samples);
      producer.send(Rig.chunk("swap-" + s, start, k, (long) k * samples, noise, last));
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

  /** What comes late counts, as long as anything comes. */
  private void await(long windows) {
    long seen = account.answered();
    Instant patience = Instant.now().plus(PATIENCE);
    while (seen < windows && Instant.now().isBefore(patience)) {
      sleepUntil(Instant.now().plusMillis(50));
      long now = account.answered();
      patience = now > seen ? Instant.now().plus(PATIENCE) : patience;
      seen = now;
    }
  }
}
