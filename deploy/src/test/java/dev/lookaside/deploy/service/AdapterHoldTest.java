package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static dev.lookaside.deploy.service.EndToEndRig.PATIENCE;
import static dev.lookaside.deploy.service.EndToEndRig.sound;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioFormat.Encoding;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Windows whose adapter does not come, on a real broker. */
@Timeout(300)
class AdapterHoldTest {
  private static final int UNDER_WAY = 4;

  @TempDir Path folder;

  @Test
  void windowsAreHeldBeyondTheBoundWithAnAlarmAndNoneIsLost() {
    byte[] file = variant(.7f);
    String digest = Safetensors.sha256(file);
    Sound sound = sound("s", 61, 6, Encoding.S16LE);
    Map<String, Object> settings =
        Map.of(
            "lookaside.classifier.registry.fetch-timeout-seconds", 3_600,
            "lookaside.classifier.batch.hold-bound-seconds", 1,
            "lookaside.classifier.detect.max-windows-under-way", UNDER_WAY);
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        AdapterRig adapters = new AdapterRig(kafka.bootstrapServers(), "held", folder, settings)) {
      adapters.writer.write(cutover("*", 1, digest, EPOCH.plusMillis(1_500)));
      try (Service service = adapters.rig.startWorker()) {
        await("a scorer that is open", () -> assertThat(service.health().healthy()).isTrue());
        adapters.rig.send(List.of(sound), 3_217, 0, 1_000);
        await("the alarm", () -> assertThat(service.health().healthy()).isFalse());
        await(
            "windows beyond the bound",
            () -> {
              assertThat(service.health().text())
                  .contains(UNDER_WAY + " windows wait for the adapter of *@1");
              assertThat(metric(service, "windows_held_overdue_total")).isEqualTo(UNDER_WAY);
            });
        assertThat(metric(service, "windows_held")).isEqualTo(UNDER_WAY);
        await(
            "a long hold",
            () -> assertThat(metric(service, "windows_held_oldest_seconds")).isGreaterThan(7));
        long before = adapters.rig.windows("s").size();
        assertThat(before).isEqualTo(10); // Every .16 s, those that start before 1.5 s.

        adapters.writer.publish(file);
        int all = (int) adapters.rig.expectedWindows(sound, service);
        await("windows", () -> assertThat(adapters.rig.windows("s")).hasSize(all));
        assertThat(adapters.rig.windows("s")).isSorted().doesNotHaveDuplicates();
        for (StreamDetector.Event e : adapters.rig.observed) {
          if (e instanceof StreamDetector.Windowed w) {
            assertThat(w.outcome()).isEqualTo(StreamDetector.Outcome.SCORED);
            assertThat(w.adapter().digest().equals(digest)).isEqualTo(w.index() >= before);
          }
        }
        await("all clear", () -> assertThat(service.health().healthy()).isTrue());
        assertThat(metric(service, "windows_held")).isZero();
        assertThat(metric(service, "windows_held_overdue_total")).isEqualTo(UNDER_WAY);
      }
    }
  }

  private static void await(String what, org.awaitility.core.ThrowingRunnable asserted) {
    Awaitility.await(what)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .untilAsserted(asserted);
  }

  private static double metric(Service service, String name) {
    Matcher line =
        Pattern.compile("^lookaside_" + name + " (\\S+)$", Pattern.MULTILINE)
            .matcher(service.scrape());
    assertThat(line.find()).as(name).isTrue();
    return Double.parseDouble(line.group(1));
  }
}
