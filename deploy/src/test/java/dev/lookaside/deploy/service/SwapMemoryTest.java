package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioFormat.Encoding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code lookaside run} as a process of its own keeps its size while adapters change. Takes
 * minutes: {@code mvn -B -Pslow verify -Dlookaside.soak=true}.
 */
@Timeout(900)
@Tag("slow")
@EnabledIfSystemProperty(named = "lookaside.soak", matches = "true")
@EnabledOnOs(OS.LINUX)
class SwapMemoryTest {
  private static final int SWAPS = 1_000;

  /** More than are kept loaded: each swap is prepared from the topic. */
  private static final int DISTINCT = 40;

  private static final int RATE_HZ = 16_000;
  private static final int CHUNK = RATE_HZ / 5;

  /** Before the first swap the process hears so much, that its code is compiled. */
  private static final int WARM_SECONDS = 60;

  private static final int MILLIS_PER_SWAP = 40;
  private static final double MORE_MAX = .02;

  /** A heap of fixed size, as the launcher starts it. */
  private static final List<String> AS_LAUNCHED =
      List.of(
          "-Xms512m",
          "-Xmx512m",
          "-XX:+AlwaysPreTouch",
          "-XX:+IgnoreUnrecognizedVMOptions",
          "-XX:TrimNativeHeapInterval=1000");

  private static final Duration PATIENCE = Duration.ofMinutes(4);

  @TempDir private Path folder;

  @Test
  void residentMemoryAfterAThousandSwapsIsThatAfterTheFirstHundred() throws Exception {
    assumeThat(Path.of("/proc/self/status")).isReadable();
    int seconds = WARM_SECONDS + SWAPS * MILLIS_PER_SWAP / 1_000 + 2;
    List<Sound> sounds = List.of(EndToEndRig.sound("s", 41, seconds, Encoding.S16LE));
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        AdapterRig adapters =
            new AdapterRig(
                kafka.bootstrapServers(),
                "memory",
                folder,
                Map.of("lookaside.featurizer.hop-frames", 4))) {
      decide(adapters);
      Process worker = adapters.rig.startProcess(folder, AS_LAUNCHED, "run");
      try {
        int hundred = chunksUntil(100);
        adapters.rig.send(sounds, CHUNK, 0, hundred);
        awaitApplied(adapters, worker, 100);
        double early = residentMiB(worker);
        adapters.rig.send(sounds, CHUNK, hundred, chunksUntil(SWAPS) + RATE_HZ);
        awaitApplied(adapters, worker, SWAPS);
        Awaitility.await("resident memory as after the first hundred swaps, in MiB")
            .atMost(PATIENCE)
            .pollInterval(Duration.ofMillis(100))
            .untilAsserted(
                () -> assertThat(residentMiB(worker)).isLessThanOrEqualTo((1 + MORE_MAX) * early));
      } finally {
        worker.destroyForcibly();
        worker.waitFor(60, TimeUnit.SECONDS);
      }
    }
  }

  private static void decide(AdapterRig adapters) {
    List<String> digests = new ArrayList<>();
    for (int i = 0; i < DISTINCT; i++) {
      digests.add(adapters.writer.publish(variant(i * .01f)));
    }
    for (int i = 1; i <= SWAPS; i++) {
      adapters.writer.write(
          cutover(
              "*",
              i,
              digests.get(i % DISTINCT),
              EPOCH.plusSeconds(WARM_SECONDS).plusMillis((long) MILLIS_PER_SWAP * i)));
    }
  }

  /** Chunks whose windows reach the swap, but not many more. */
  private static int chunksUntil(int swap) {
    long samples =
        (WARM_SECONDS * 1_000L + (long) MILLIS_PER_SWAP * swap + 1_400) * RATE_HZ / 1_000;
    return (int) (samples / CHUNK) + 1;
  }

  private void awaitApplied(AdapterRig adapters, Process worker, int swap) {
    Awaitility.await(swap + " swaps")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .until(
            () -> {
              assertThat(worker.isAlive()).as(Files.readString(folder.resolve("stderr"))).isTrue();
              return adapters.acks("*@" + swap).stream()
                  .anyMatch(ack -> ack.state() == Ack.State.APPLIED);
            });
  }

  private static double residentMiB(Process process) {
    try (var lines = Files.lines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
      return lines
              .filter(line -> line.startsWith("VmRSS:"))
              .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
              .findFirst()
              .orElseThrow()
          / 1024.0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
