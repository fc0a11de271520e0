package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static dev.lookaside.deploy.service.EndToEndRig.PATIENCE;
import static dev.lookaside.deploy.service.EndToEndRig.sound;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioFormat.Encoding;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class AdapterRetentionTest {
  @TempDir Path folder;

  @Test
  void aWorkerStartedAfterOldAdaptersWereTakenAwayScoresWithTheOneInForce() {
    Sound sound = sound("s", 51, 3, Encoding.S16LE);
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        AdapterRig adapters =
            new AdapterRig(kafka.bootstrapServers(), "retention", folder, Map.of())) {
      String oldest = adapters.writer.publish(variant(.6f));
      String old = adapters.writer.publish(variant(.7f));
      String unused = adapters.writer.publish(variant(.9f));
      String inForce = adapters.writer.publish(variant(1.4f));
      adapters.writer.write(cutover("*", 1, oldest, EPOCH.minusSeconds(30)));
      adapters.writer.write(cutover("*", 2, old, oldest, EPOCH.minusSeconds(20)));
      adapters.writer.write(cutover("*", 3, inForce, old, EPOCH.minusSeconds(10)));
      Duration keep = Duration.ofHours(1);
      try (RegistryView view = adapters.view()) {
        assertThat(adapters.writer.prune(view, Instant.now(), keep)).as("too new").isEmpty();
        Instant later = Instant.now().plus(keep).plusSeconds(1);
        assertThat(adapters.writer.prune(view, later, keep))
            .containsExactlyInAnyOrder(oldest, unused);
        view.refresh();
        assertThat(view.adapters())
            .as("and what a rollback brings back")
            .containsExactlyInAnyOrder(inForce, old);
      }
      try (Service late = adapters.rig.startWorker()) {
        adapters.rig.send(List.of(sound), 3_217, 0, 100);
        Awaitility.await("windows")
            .atMost(PATIENCE)
            .untilAsserted(
                () ->
                    assertThat(new HashSet<>(adapters.rig.windows("s")))
                        .hasSize((int) adapters.rig.expectedWindows(sound, late)));
      }
      assertThat(adapters.rig.observed)
          .filteredOn(StreamDetector.Windowed.class::isInstance)
          .extracting(e -> ((StreamDetector.Windowed) e).adapter().digest())
          .containsOnly(inForce);
    }
  }
}
