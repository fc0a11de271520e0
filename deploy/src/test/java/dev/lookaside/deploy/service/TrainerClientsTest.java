package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.CountingClients;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a trainer opens it closes, whatever fails. */
@Timeout(200)
class TrainerClientsTest {
  /** Of the parts of a trainer, each after the ones before it; the failure of one closes those. */
  private static final List<String> PURPOSES =
      List.of(
          "registry",
          "adapters",
          "registry-writer",
          "requests",
          "request-writer",
          "retained",
          "label-ingest");

  @TempDir private Path folder;

  @Test
  void clientsAreClosedWhenALaterPartCannotBeOpenedAndWhenTheBrokerGoesAway() {
    CountingClients clients = CountingClients.real();
    ConcurrentLinkedQueue<String> phases = new ConcurrentLinkedQueue<>();
    ConcurrentLinkedQueue<String> troubles = new ConcurrentLinkedQueue<>();
    EmbeddedKafka kafka = EmbeddedKafka.start();
    Map<String, Object> settings = Map.of("lookaside.deploy.stop-timeout-seconds", 10);
    try (TrainerRig rig = new TrainerRig(kafka.bootstrapServers(), "clients", folder, settings)) {
      IngestSettings ingest = rig.rig.ingest.with(rig.rig.ingest.clients().withFactory(clients));
      clients.fail(PURPOSES.get(0));
      StopClock clock = new StopClock(Duration.ofSeconds(10));
      TrainerService trainer =
          TrainerService.start(
              rig.rig.config,
              withIngest(Settings.of(rig.rig.config), ingest),
              UnaryOperator.identity(),
              rig.metrics,
              null,
              new Trainer.Listener() {
                @Override
                public void status(TrainerStatus status) {
                  phases.add(status.phase());
                  if (status.trouble() != null) {
                    troubles.add(status.trouble());
                  }
                }

                @Override
                public void finished(RoundOutcome outcome) {}
              },
              clock);
      for (String purpose : PURPOSES) {
        clients.fail(purpose);
        Awaitility.await(purpose + " fails twice")
            .atMost(Duration.ofSeconds(60))
            .until(() -> clients.failures(purpose) >= 2);
        assertLeadershipAlone(clients, purpose);
      }
      assertThat(troubles).anyMatch(t -> t.contains("registry"));
      clients.fail("");
      Awaitility.await("collecting")
          .atMost(Duration.ofSeconds(60))
          .until(() -> phases.contains("collecting"));

      kafka.close();
      long start = System.nanoTime();
      trainer.close();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(11));
      Awaitility.await("every client is closed")
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(() -> assertThat(clients.open()).isEmpty());
    } finally {
      kafka.close();
    }
  }

  /** A try that is under way has something open; between two tries nothing is. */
  private static void assertLeadershipAlone(CountingClients clients, String purpose) {
    Awaitility.await("nothing is open after " + purpose + " failed")
        .atMost(Duration.ofSeconds(20))
        .pollInterval(Duration.ofMillis(2))
        .untilAsserted(
            () ->
                assertThat(clients.open()).allMatch(name -> name.startsWith("lookaside-trainer")));
  }

  private static Settings withIngest(Settings s, IngestSettings ingest) {
    return new Settings(
        ingest, s.featurizer(), s.classifier(), s.detect(), s.sink(), s.registry(), s.deploy());
  }
}
