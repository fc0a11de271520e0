package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.cli.Main;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.drift.DriftSettings;
import dev.lookaside.trainer.drift.StreamDrift;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A trainer that listens to two streams on a real broker, of which one changes. */
@Tag("slow")
class DriftOnKafkaTest {
  private static final int BURST = 9 * 16_000;
  private static final int BURSTS = 5;
  private static EmbeddedKafka kafka;
  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    kafka = EmbeddedKafka.start();
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  private TrainerRig rig(String name) {
    Map<String, Object> settings = Map.of("lookaside.trainer.head.scenes", 4);
    return new TrainerRig(kafka.bootstrapServers(), name, folder, settings);
  }

  private static TrainerService start(
      TrainerRig rig, Trainer.Listener listener, DriftSettings drift) {
    return rig.startTrainer(listener, s -> TrainerRig.with(s, drift, s.background()));
  }

  /** Every second, with streams that sent something within the last ten minutes. */
  static DriftSettings drift(double seconds, double falseAlarmRate, int scenes) {
    return new DriftSettings(
        true,
        Duration.ofSeconds(1),
        Duration.ofMinutes(10),
        seconds,
        4,
        20,
        falseAlarmRate,
        2,
        scenes,
        10);
  }

  private static Optional<StreamDrift> of(TrainerService trainer, String stream) {
    return Optional.ofNullable(trainer.status())
        .map(TrainerStatus::drift)
        .flatMap(d -> d.streams().stream().filter(s -> s.stream().equals(stream)).findFirst());
  }

  /**
   * Sends a burst of each stream and waits until most of it was heard: a turn may begin before all
   * of it has come, and what is left then is too short for another look.
   */
  private static void hear(
      TrainerRig rig, TrainerService trainer, Map<String, Pcm> audio, int burst) {
    int from = burst * BURST;
    audio.forEach((name, pcm) -> rig.send(name, pcm, EndToEndRig.EPOCH, from, from + BURST));
    long heardSeconds = (long) (burst + 1) * BURST / 16_000 - 5;
    Awaitility.await("burst " + burst)
        .atMost(TrainerRig.PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () ->
                audio.keySet().stream()
                    .allMatch(
                        n ->
                            of(trainer, n)
                                .filter(
                                    s ->
                                        !s.until()
                                            .isBefore(EndToEndRig.EPOCH.plusSeconds(heardSeconds)))
                                .isPresent()));
  }

  @Test
  void theStreamThatChangesIsAlarmedAndWithoutLabelsNothingIsRefitted() throws IOException {
    List<LabelledClip> clips = BundledClips.load();
    Pcm steady = TrainerRig.scene(clips, 9 * BURSTS, 21).audio();
    Pcm other = TrainerRig.scene(clips, 9 * BURSTS, 22).audio();
    float[] changing = other.samples().clone();
    float[] end = Arrays.copyOfRange(changing, 2 * BURST, changing.length);
    System.arraycopy(DriftTest.dialling(end), 0, changing, 2 * BURST, end.length);
    Map<String, Pcm> audio = Map.of("gate", steady, "yard", new Pcm(16_000, changing));
    try (TrainerRig rig = rig("drift")) {
      try (TrainerService trainer = start(rig, rig.listener(rig.phases), drift(8, .02, 99))) {
        hear(rig, trainer, audio, 0);
        hear(rig, trainer, audio, 1);
        assertThat(trainer.status().drift().alarmed()).isZero();
        assertThat(drift().exitCode).isZero();
        for (int burst = 2; burst < BURSTS; burst++) {
          hear(rig, trainer, audio, burst);
        }
        StreamDrift changed = of(trainer, "yard").orElseThrow();
        assertThat(changed.alarmed()).as(changed.toString()).isTrue();
        StreamDrift same = of(trainer, "gate").orElseThrow();
        assertThat(same.alarmed()).as(same.toString()).isFalse();
        assertThat(rig.metrics.scrape())
            .contains("lookaside_trainer_drift_alarms{scope=\"*\"} 1")
            .contains("lookaside_trainer_drift_streams{scope=\"*\"} 2")
            .contains(
                "lookaside_trainer_drift_ratio{measure=\"embedding\",scope=\"*\",stream=\"yard\"}");
        assertThat(trainer.status().phase()).isEqualTo("collecting");
        assertThat(trainer.status().toJson().at("/drift/streams/0/stream").asText())
            .isEqualTo("yard");
      }
      Printed printed = drift();
      assertThat(printed.exitCode).as(printed.err).isEqualTo(3);
      JsonNode json = new JsonMapper().readTree(printed.out);
      assertThat(json.at("/streams/0/alarmed").asBoolean()).isTrue();
      assertThat(json.at("/streams/0/classes")).hasSize(10);
      assertThat(rig.outcomes).as("there was nothing to learn from").isEmpty();

      // Whoever leads next knows of the alarm.
      try (TrainerService next = start(rig, rig.listener(rig.phases), drift(8, .02, 99))) {
        Awaitility.await("the alarm of the trainer before")
            .atMost(TrainerRig.PATIENCE)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> of(next, "yard").filter(StreamDrift::alarmed).isPresent());
        // One label is enough now; without the alarm it would take five.
        assertThat(rig.changes()).doesNotContain("fitting");
        rig.label("yard", "siren", new LabelledEvent("siren", 1, 2), EndToEndRig.EPOCH);
        RoundOutcome outcome = rig.awaitOutcomes(1).get(0);
        assertThat(outcome.round().trigger()).startsWith("drift: yard");
        assertThat(outcome.round().freshLabels()).isEqualTo(1);
      }
    }
  }

  /** An alarm is about one adapter: another one begins anew, against what it was fitted on. */
  @Test
  void anotherAdapterEndsTheAlarmAndIsComparedAnew() {
    Pcm tone = new Pcm(16_000, DriftTest.dialling(new float[4 * BURST]));
    Map<String, Pcm> audio = Map.of("yard", tone);
    byte[] other = AdapterRig.variant(.3f);
    try (TrainerRig rig = rig("other")) {
      ConcurrentLinkedQueue<StreamDrift> seen = new ConcurrentLinkedQueue<>();
      try (TrainerService trainer = start(rig, new Recorder(seen), drift(8, .1, 19))) {
        hear(rig, trainer, audio, 0);
        hear(rig, trainer, audio, 1);
        StreamDrift before = of(trainer, "yard").orElseThrow();
        assertThat(before.alarmed()).as(before.toString()).isTrue();

        Instant from = EndToEndRig.EPOCH.plusSeconds(2 * BURST / 16_000);
        String digest = rig.adapters.writer.publish(other);
        rig.adapters.writer.write(AdapterRig.cutover("*", 1, digest, from));
        hear(rig, trainer, audio, 2);
        StreamDrift first =
            seen.stream().filter(s -> s.adapter().equals(digest)).findFirst().orElseThrow();
        assertThat(first.above()).as(first.toString()).isEqualTo(1);
        assertThat(first.alarmed()).isFalse();
        hear(rig, trainer, audio, 3);
        StreamDrift after = of(trainer, "yard").orElseThrow();
        assertThat(after.adapter()).isEqualTo(digest);
        assertThat(after.since()).as(after.toString()).isNotNull().isAfter(from);
        assertThat(after.measured().posterior().bound())
            .as("of its own posteriors")
            .isNotEqualTo(before.measured().posterior().bound());
      }
    }
  }

  /** Keeps each look at the one stream. */
  private record Recorder(ConcurrentLinkedQueue<StreamDrift> seen) implements Trainer.Listener {
    @Override
    public void status(TrainerStatus status) {
      if (status.drift() != null) {
        seen.addAll(status.drift().streams());
      }
    }

    @Override
    public void finished(RoundOutcome outcome) {
      throw new AssertionError("nothing was labelled: " + outcome);
    }
  }

  private record Printed(int exitCode, String out, String err) {}

  private static Printed drift() {
    CommandLine line = Main.commandLine();
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    int code =
        line.execute(
            "drift",
            "--json",
            "--bootstrap-servers",
            kafka.bootstrapServers(),
            "--set",
            "lookaside.ingest.topics.internal.prefix=drift.lookaside.",
            "--set",
            "lookaside.ingest.topics.audio-labels.name=drift.audio.labels");
    return new Printed(code, out.toString(), err.toString());
  }
}
