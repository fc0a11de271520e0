package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code lookaside trainer} as a process of its own, killed in the middle of a fit while another
 * one stands by.
 */
@Timeout(1_500)
@Tag("slow")
class TrainerKillTest {
  /** One fit of the head and one of the whole adapter, each longer than a checkpoint's distance. */
  private static final Map<String, Object> SMALL =
      Map.ofEntries(
          Map.entry("lookaside.trainer.triggers.labels", 1_000),
          Map.entry("lookaside.trainer.head.scenes", 4),
          Map.entry("lookaside.trainer.fit.epochs", 6),
          Map.entry("lookaside.trainer.fit.scenes", 2),
          Map.entry("lookaside.trainer.fit.batch-size", 4),
          Map.entry("lookaside.trainer.gate.false-pass-chance", 1),
          Map.entry("lookaside.trainer.gate.precision-loss-max", 1),
          Map.entry("lookaside.trainer.gate.false-alarms-per-hour-max", 1_000_000));

  @TempDir private Path folder;

  /** Two trainers with topics of decisions of their own, over the same audio and labels. */
  private TrainerRig rig(EmbeddedKafka kafka, String name, Path store) {
    Map<String, Object> settings = new HashMap<>(SMALL);
    settings.put("lookaside.trainer.store-folder", store.toString());
    settings.put("lookaside.ingest.topics.audio-chunks.name", "kill.audio-chunks");
    settings.put("lookaside.ingest.topics.audio-labels.name", "kill.audio-labels");
    return new TrainerRig(kafka.bootstrapServers(), name, folder, settings);
  }

  /** Puts the labels of a new class and their audio into a store. */
  private static void fill(TrainerRig rig) {
    Scene scene = TrainerRig.scene(TrainerRig.sirens(0, 4), 12, 5);
    rig.send("yard", scene, EndToEndRig.EPOCH);
    scene.events().forEach(e -> rig.label("yard", "siren", e, EndToEndRig.EPOCH));
    try (TrainerService trainer = rig.startTrainer()) {
      Awaitility.await("labels in the store")
          .atMost(TrainerRig.PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .until(
              () -> {
                TrainerStatus status = trainer.status();
                return status != null && status.freshLabels() == scene.events().size();
              });
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  @Test
  void aTrainerKilledInAFitGoesOnAndPublishesTheSameBytesOnce() throws Exception {
    Path one = folder.resolve("undisturbed-store");
    Path other = folder.resolve("killed-store");
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        TrainerRig undisturbed = rig(kafka, "undisturbed", one);
        TrainerRig killed = rig(kafka, "killed", other)) {
      fill(undisturbed);
      copy(one, other);
      undisturbed.ask(false);
      RoundOutcome expected;
      try (TrainerService trainer = undisturbed.startTrainer()) {
        expected = undisturbed.awaitOutcomes(1).get(0);
      }
      assertThat(expected.kind()).as(expected.reason()).isEqualTo(RoundOutcome.Kind.PUBLISHED);

      Path checkpoint = other.resolve("rounds/_/000001-full/checkpoint");
      Process process = killed.rig.startProcess(folder, List.of(), "trainer");
      killed.awaitTrainers(1);
      ConcurrentLinkedQueue<Long> steps = new ConcurrentLinkedQueue<>();
      ConcurrentLinkedQueue<RoundOutcome> outcomes = new ConcurrentLinkedQueue<>();
      try (TrainerService standby = standby(killed, steps, outcomes)) {
        killed.awaitTrainers(2);
        killed.ask(false);
        kill(process, checkpoint);
        assertThat(killed.decided()).isEmpty();
        assertThat(steps).as("the other one has stood by").isEmpty();
        awaitOutcome(outcomes);
      }
      RoundOutcome outcome = Objects.requireNonNull(outcomes.peek(), "outcome");
      assertThat(steps.peek()).as("goes on behind the checkpoint").isGreaterThan(20);
      assertThat(outcome.kind()).as(outcome.reason()).isEqualTo(RoundOutcome.Kind.PUBLISHED);
      assertThat(outcome.round().number()).isEqualTo(1);
      assertThat(outcome.round().kind()).isEqualTo(Round.Kind.FULL);
      assertThat(outcome.candidate()).as("the adapter's bytes").isEqualTo(expected.candidate());
      assertThat(killed.decided())
          .extracting(Cutover::adapter)
          .containsExactly(expected.candidate());
      try (RegistryView view = killed.adapters.view()) {
        assertThat(view.adapters()).containsExactly(expected.candidate());
      }
    }
  }

  /** In the middle of the fit of the whole adapter. */
  private void kill(Process process, Path checkpoint) throws Exception {
    Awaitility.await("a checkpoint of the whole adapter")
        .atMost(TrainerRig.PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> Files.exists(checkpoint) || !process.isAlive());
    process.destroyForcibly();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(checkpoint).as(Files.readString(folder.resolve("stderr"))).exists();
    assertThat(checkpoint.resolveSibling("candidate.safetensors")).doesNotExist();
  }

  /**
   * Starts a second trainer on the same disk.
   *
   * @param steps of its fit, as they come
   */
  private static TrainerService standby(
      TrainerRig rig,
      ConcurrentLinkedQueue<Long> steps,
      ConcurrentLinkedQueue<RoundOutcome> outcomes) {
    Trainer.Listener listener =
        new Trainer.Listener() {
          @Override
          public void status(TrainerStatus status) {
            if (status.step() > 0) {
              steps.add(status.step());
            }
          }

          @Override
          public void finished(RoundOutcome outcome) {
            outcomes.add(outcome);
          }
        };
    return TrainerService.start(rig.rig.config, rig.metrics, listener);
  }

  private static void awaitOutcome(ConcurrentLinkedQueue<RoundOutcome> outcomes) {
    Awaitility.await("the round's end")
        .atMost(TrainerRig.PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> !outcomes.isEmpty());
  }
}
