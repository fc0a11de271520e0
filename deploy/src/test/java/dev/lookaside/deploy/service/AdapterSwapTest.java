package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static dev.lookaside.deploy.service.EndToEndRig.PATIENCE;
import static dev.lookaside.deploy.service.EndToEndRig.sound;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Ledger;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioFormat.Encoding;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Adapters change while streams run, on a real broker. */
@Timeout(300)
class AdapterSwapTest {
  private static final int CHUNK = 3_217;

  /** A thousand with {@code mvn -B -Pslow verify -Dlookaside.soak=true}. */
  private static final int SWAPS = Boolean.getBoolean("lookaside.soak") ? 1_000 : 250;

  private static final int MILLIS_PER_SWAP = 25;
  private static final DetectionCodec CODEC = new DetectionCodec();
  private static EmbeddedKafka kafka;

  @TempDir Path folder;

  @BeforeAll
  static void startKafka() {
    kafka = EmbeddedKafka.start();
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  private AdapterRig rig(String name, Map<String, Object> more) {
    return new AdapterRig(kafka.bootstrapServers(), name, folder, more);
  }

  private static List<Sound> sounds() {
    return List.of(
        sound("site/a", 21, 9, Encoding.S16LE),
        sound("site/b", 22, 9, Encoding.S16LE),
        sound("c", 23, 8, Encoding.S16LE));
  }

  /**
   * Publishes two adapters and decides: one for all from 2 s on, one for a tenant from 3.5 s on.
   */
  private static Ledger decide(AdapterRig adapters) {
    String all = adapters.writer.publish(variant(.7f));
    String tenant = adapters.writer.publish(variant(1.4f));
    List<Cutover> decisions =
        List.of(
            cutover("*", 1, all, EPOCH.plusMillis(2_000)),
            cutover("tenant:site", 1, tenant, EPOCH.plusMillis(3_500)),
            cutover("stream:site/b", 1, all, EPOCH.plusMillis(4_500)));
    Ledger ledger = Ledger.EMPTY;
    for (Cutover c : decisions) {
      adapters.writer.write(c);
      ledger = ledger.with(c);
    }
    return ledger;
  }

  private static void awaitWindows(AdapterRig adapters, List<Sound> sounds, Service service) {
    Awaitility.await("windows")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              for (Sound s : sounds) {
                assertThat(new HashSet<>(adapters.rig.windows(s.stream())))
                    .hasSize((int) adapters.rig.expectedWindows(s, service));
              }
            });
  }

  /** All that was written, once the worker has stopped. */
  private static Set<String> written(AdapterRig adapters) {
    Set<String> delivered = new TreeSet<>();
    for (StreamDetector.Event e : adapters.rig.observed) {
      if (e instanceof StreamDetector.Delivered d) {
        d.detections().forEach(x -> delivered.add(json(x)));
      }
    }
    Set<String> read = new TreeSet<>();
    Awaitility.await("detections")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              adapters.rig.read();
              adapters.rig.detections.forEach(d -> read.add(json(d)));
              assertThat(read).containsAll(delivered);
            });
    return read;
  }

  private static String json(Detection d) {
    return new String(CODEC.toJson(d), UTF_8);
  }

  private static void assertLedgerWasFollowed(
      AdapterRig adapters, Ledger ledger, String configured) {
    for (StreamDetector.Event e : adapters.rig.observed) {
      if (e instanceof StreamDetector.Windowed w) {
        String expected =
            ledger
                .inForce(w.stream(), w.captureTime(), c -> true)
                .map(Cutover::adapter)
                .orElse(configured);
        assertThat(w.adapter().digest())
            .as("%s, window %d", w.stream(), w.index())
            .isEqualTo(expected);
        assertThat(w.outcome()).isNotEqualTo(StreamDetector.Outcome.SHED);
      }
    }
  }

  /** What an undisturbed worker writes that knew the ledger from its start. */
  private Set<String> undisturbed(List<Sound> sounds) {
    try (AdapterRig adapters = rig("undisturbed", Map.of())) {
      Ledger ledger = decide(adapters);
      String configured;
      try (Service service = adapters.rig.startWorker()) {
        configured = service.model().adapterDigest();
        adapters.rig.send(sounds, CHUNK, 0, 100);
        awaitWindows(adapters, sounds, service);
      }
      assertLedgerWasFollowed(adapters, ledger, configured);
      for (Sound s : sounds) {
        assertThat(adapters.rig.windows(s.stream())).isSorted().doesNotHaveDuplicates();
      }
      assertThat(ledger.scopes()).hasSize(3);
      return written(adapters);
    }
  }

  @Test
  void faultsAroundACutoverChangeNoDetection() {
    List<Sound> sounds = sounds();
    Set<String> wanted = undisturbed(sounds);
    assertThat(wanted).hasSizeGreaterThan(10);

    try (AdapterRig adapters = rig("late", Map.of())) {
      decide(adapters);
      adapters.rig.send(sounds, CHUNK, 0, 100);
      try (Service late = adapters.rig.startWorker()) {
        awaitWindows(adapters, sounds, late);
      }
      assertThat(written(adapters)).as("worker started late").isEqualTo(wanted);
    }
    try (AdapterRig adapters = rig("down", Map.of())) {
      try (Service first = adapters.rig.startWorker()) {
        adapters.rig.send(sounds, CHUNK, 0, 5);
        Awaitility.await()
            .atMost(PATIENCE)
            .untilAsserted(() -> assertThat(adapters.rig.observed).isNotEmpty());
      }
      decide(adapters);
      try (Service second = adapters.rig.startWorker()) {
        adapters.rig.send(sounds, CHUNK, 5, 100);
        awaitWindows(adapters, sounds, second);
      }
      assertThat(written(adapters)).as("decided while the worker was down").isEqualTo(wanted);
    }
    try (AdapterRig adapters = rig("killed", Map.of())) {
      decide(adapters);
      Service first = adapters.rig.startWorker();
      adapters.rig.send(sounds, CHUNK, 0, 8);
      // Its windows begin at 3.5 s; what has been sent ends at 1.6 s.
      Awaitility.await("prepared, and some windows")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                assertThat(adapters.acks("tenant:site@1"))
                    .extracting(Ack::state)
                    .containsExactly(Ack.State.PREPARED);
                assertThat(adapters.rig.windows("site/a")).isNotEmpty();
              });
      first.kill();
      assertThat(adapters.acks("tenant:site@1"))
          .as("not applied when it was killed")
          .extracting(Ack::state)
          .containsExactly(Ack.State.PREPARED);
      adapters.rig.send(sounds, CHUNK, 8, 100);
      try (Service second = adapters.rig.startWorker()) {
        awaitWindows(adapters, sounds, second);
        assertApplied(adapters, "*@1", "tenant:site@1", "stream:site/b@1");
      }
      assertThat(written(adapters)).as("killed between prepared and applied").isEqualTo(wanted);
    }
  }

  private static void assertApplied(AdapterRig adapters, String... cutovers) {
    for (String id : cutovers) {
      Awaitility.await(id + " applied")
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(adapters.acks(id))
                      .extracting(Ack::state)
                      .containsExactlyInAnyOrder(Ack.State.PREPARED, Ack.State.APPLIED));
    }
  }

  @Test
  @Tag("slow")
  void manySwapsUnderLoadLoseDoubleAndMistakeNothing() {
    int distinct = 40;
    Sound sound = sound("s", 31, 5 + SWAPS * MILLIS_PER_SWAP / 1e3, Encoding.S16LE);
    try (AdapterRig adapters = rig("many", Map.of("lookaside.featurizer.hop-frames", 2))) {
      List<String> digests = new ArrayList<>();
      for (int i = 0; i < distinct; i++) {
        digests.add(adapters.writer.publish(variant(i * .01f)));
      }
      Ledger ledger = Ledger.EMPTY;
      for (int i = 1; i <= SWAPS; i++) {
        Instant from = EPOCH.plusMillis((long) MILLIS_PER_SWAP * i);
        Cutover c = cutover("*", i, digests.get(i % distinct), from);
        adapters.writer.write(c);
        ledger = ledger.with(c);
      }
      List<Sound> sounds = List.of(sound);
      try (Service service = adapters.rig.startWorker()) {
        String configured = service.model().adapterDigest();
        int hundred = 4 * 16_000 / CHUNK + 1; // Windows that start in the first 2.5 s.
        adapters.rig.send(sounds, CHUNK, 0, hundred);
        awaitSome(adapters, 120);
        directBytes();
        long early = directBytes();
        adapters.rig.send(sounds, CHUNK, hundred, 10_000);
        awaitWindows(adapters, sounds, service);
        // Buffers that are garbage are given back by another thread, a moment later.
        Awaitility.await("native memory as after the first hundred swaps")
            .untilAsserted(() -> assertThat(directBytes()).isLessThanOrEqualTo(early + early / 50));
        assertThat(adapters.rig.windows("s"))
            .isSorted()
            .doesNotHaveDuplicates()
            .hasSize((int) adapters.rig.expectedWindows(sound, service));
        assertLedgerWasFollowed(adapters, ledger, configured);
      }
    }
  }

  private static void awaitSome(AdapterRig adapters, int windows) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(adapters.rig.windows("s")).hasSizeGreaterThanOrEqualTo(windows));
  }

  /** Native memory under Java's buffers, once garbage has been collected. */
  private static long directBytes() {
    System.gc();
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(b -> b.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
