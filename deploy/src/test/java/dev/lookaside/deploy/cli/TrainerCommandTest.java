package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.service.MetricsServer;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TrainerCommandTest {
  private static TrainerStatus status(String phase, @Nullable String trouble) {
    return new TrainerStatus(
        Scope.ALL, true, phase, Instant.EPOCH, null, 0, 0, 0, trouble, null, null);
  }

  @Test
  void itsHealthIsItsPhaseAndWhatIsInTheWay() {
    assertThat(TrainerCommand.health(null)).isEqualTo(new MetricsServer.Health(false, "starting"));
    assertThat(TrainerCommand.health(status("fitting", null)))
        .isEqualTo(new MetricsServer.Health(true, "ok, fitting"));
    assertThat(TrainerCommand.health(status("collecting", "audio.labels: no broker answers")))
        .isEqualTo(new MetricsServer.Health(false, "collecting: audio.labels: no broker answers"));
  }
}
