package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.label.LabelTopic;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.receipt.Receipt;
import dev.lookaside.trainer.receipt.Receipts;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelStandings;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.StoredExample;
import dev.lookaside.trainer.watch.BackgroundSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop from labels to the adapter in force, on a real broker with the bundled model. */
class TrainerServiceTest {
  /** A full fit that is soon done; the head is fitted as ever. */
  private static final Map<String, Object> QUICK =
      Map.of(
          "lookaside.trainer.fit.epochs", 1,
          "lookaside.trainer.fit.scenes", 4);

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

  private TrainerRig rig(String name, Map<String, Object> more) {
    return new TrainerRig(kafka.bootstrapServers(), name, folder, more);
  }

  @Test
  void labelsOfANewClassBecomeAnAdapterThatHearsIt() {
    try (TrainerRig rig = rig("new-class", QUICK);
        Service service = rig.rig.startWorker();
        TrainerService trainer = rig.startTrainer()) {
      Scene scene = TrainerRig.scene(TrainerRig.sirens(0, 8), 40, 5);
      rig.send("yard", scene, EndToEndRig.EPOCH);
      scene.events().forEach(e -> rig.label("yard", "siren", e, EndToEndRig.EPOCH));

      List<RoundOutcome> outcomes = rig.awaitOutcomes(2);
      assertThat(outcomes)
          .extracting(o -> o.round().kind())
          .containsExactly(Round.Kind.HEAD, Round.Kind.FULL);
      assertThat(outcomes).extracting(RoundOutcome::kind).contains(RoundOutcome.Kind.PUBLISHED);
      Cutover inForce = rig.inForce().orElseThrow();
      GateReport report = GateReport.fromJson(inForce.gate());
      assertThat(report.passed()).isTrue();
      assertThat(report.classes().get("siren").recall().after())
          .as(() -> outcomes + " " + report.toJson())
          .isGreaterThan(.3);
      assertThat(inForce.author()).isEqualTo("lookaside trainer");
      assertReceipts(rig, scene.events().size());

      // A capture time ahead of the broker's clock counts as the broker's, so that a part of a
      // scene
      // that is sent before the cutover's time would be scored with what was in force before.
      Awaitility.await("the cutover")
          .atMost(TrainerRig.PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .until(() -> Instant.now().isAfter(inForce.effectiveFrom()));
      Scene later = TrainerRig.scene(TrainerRig.sirens(1, 7), 20, 6);
      rig.send("gate", later, inForce.effectiveFrom());
      Awaitility.await("a siren, heard with the new adapter")
          .atMost(TrainerRig.PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .until(
              () -> {
                rig.rig.read();
                return rig.rig.detections.stream()
                    .anyMatch(d -> isSiren(d) && madeBy(d, inForce.adapter()));
              });
      assertThat(rig.metrics.scrape())
          .contains("lookaside_trainer_rounds_total{fit=\"full\"")
          .contains("lookaside_trainer_phase{phase=\"collecting\",scope=\"*\"} 1");
    }
  }

  /** Whoever labelled a siren learns that it is in an adapter, and what is heard there now. */
  private static void assertReceipts(TrainerRig rig, int count) {
    try (LabelTopic topic = LabelTopic.open(rig.rig.ingest);
        RegistryView view = rig.adapters.view()) {
      topic.refresh();
      assertThat(topic.labels()).hasSize(count);
      Receipts receipts = new Receipts(view.ledger());
      Map<String, LabelStanding> stands = LabelStandings.of(topic.labels());
      List<Receipt> all =
          topic.labels().stream()
              .map(l -> receipts.of(l, stands.get(l.id()), Instant.now().plusSeconds(60)))
              .toList();
      // Labels that came after a round had begun may wait for the next one.
      assertThat(all)
          .extracting(Receipt::state)
          .filteredOn(Receipt.State.IN_FORCE::equals)
          .hasSizeGreaterThanOrEqualTo(5);
      assertThat(all)
          .extracting(r -> r.first().flatMap(d -> d.before("siren")).orElse(""))
          .anyMatch(text -> text.endsWith("(does not know siren)"));
      assertThat(all)
          .extracting(r -> r.newest().flatMap(d -> d.after("siren")).orElse(""))
          .anyMatch(text -> text.contains("siren ("));
    }
  }

  private static boolean isSiren(Detection d) {
    return d.kind() == Detection.Kind.ENDED && d.eventLabel().equals("siren");
  }

  private static boolean madeBy(Detection d, String adapter) {
    return d.origin().adapterDigest().equals(adapter);
  }

  /**
   * Every sound is labelled as the next class of the alphabet. The short fit moves so little that
   * no class is detected worse: what stops it is that the labels cannot be right.
   */
  @Test
  @Tag("slow")
  void poisonedLabelsAreStoppedAtTheGate() {
    Scene scene = TrainerRig.scene(BundledClips.load(), 150, 11);
    Map<String, Object> settings = new HashMap<>(QUICK);
    settings.put("lookaside.trainer.head.first", false);
    // All of them in one round, however slowly their audio is read.
    settings.put("lookaside.trainer.triggers.labels", scene.events().size());
    try (TrainerRig rig = rig("poison", settings);
        TrainerService trainer = rig.startTrainer()) {
      rig.send("yard", scene, EndToEndRig.EPOCH);
      List<String> labels = AdapterRig.bundled().labels();
      for (LabelledEvent e : scene.events()) {
        String wrong = labels.get((labels.indexOf(e.label()) + 1) % labels.size());
        rig.label("yard", wrong, e, EndToEndRig.EPOCH);
      }
      RoundOutcome outcome = rig.awaitOutcomes(1).get(0);
      assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.REFUSED);
      assertThat(outcome.reason()).contains("labels contradict the other sounds of their classes");
      GateReport report = outcome.report();
      assertThat(report).isNotNull();
      assertThat(report.doubted()).as("listed").hasSizeGreaterThan(10);
      assertThat(rig.inForce()).isEmpty();
      try (RegistryView view = rig.adapters.view()) {
        assertThat(view.adapters()).as("kept, and listed").contains(outcome.candidate());
      }
    }
  }

  @Test
  @Tag("slow")
  void ofTwoTrainersOneWorksAndTheOtherGoesOnWhereItWas() {
    try (TrainerRig rig = rig("two", QUICK)) {
      ConcurrentLinkedQueue<String> firstPhases = new ConcurrentLinkedQueue<>();
      ConcurrentLinkedQueue<String> secondPhases = new ConcurrentLinkedQueue<>();
      TrainerService first = rig.startTrainer(firstPhases);
      try {
        awaitPhase(firstPhases, "collecting");
        try (TrainerService second = rig.startTrainer(secondPhases)) {
          rig.awaitTrainers(2);
          Scene scene = TrainerRig.scene(TrainerRig.sirens(0, 8), 40, 5);
          rig.send("yard", scene, EndToEndRig.EPOCH);
          scene.events().forEach(e -> rig.label("yard", "siren", e, EndToEndRig.EPOCH));
          awaitPhase(firstPhases, "fitting");
          assertThat(secondPhases).containsOnly("standby");
          first.close();
          awaitPhase(secondPhases, "fitting");
          List<RoundOutcome> outcomes = rig.awaitOutcomes(2);
          assertThat(outcomes)
              .extracting(o -> o.round().number())
              .as("the round that was begun ends, and no other one is begun for it")
              .containsExactly(1L, 2L);
          assertThat(outcomes.get(0).round().kind()).isEqualTo(Round.Kind.HEAD);
        }
      } finally {
        first.close();
      }
    }
  }

  /**
   * Half of the streams send noise, and the others sounds; the newest chunk of half a second is not
   * looked at.
   */
  @Test
  @Tag("slow")
  void theGateCountsFalseAlarmsOnTheStreamsOwnBackground() throws Exception {
    Map<String, Object> often =
        Map.ofEntries(
            Map.entry("lookaside.trainer.store.held-out-share", .5),
            Map.entry("lookaside.trainer.drift.enabled", false),
            Map.entry("lookaside.trainer.head.scenes", 4));
    BackgroundSettings taken =
        new BackgroundSettings(
            true, Duration.ofSeconds(1), Duration.ofMinutes(10), Duration.ZERO, 4, 100);
    try (TrainerRig rig = rig("background", often);
        TrainerService trainer =
            rig.startTrainer(
                rig.listener(rig.phases),
                s ->
                    TrainerRig.with(
                        s, TrainerRig.withBackground(s.refit(), 9), s.drift(), taken))) {
      Scene busy = TrainerRig.scene(BundledClips.load(), 4.5, 5);
      for (int i = 0; i < 12; i++) {
        Pcm noise = BackgroundNoise.pink(i, 16_000, 4.5);
        Pcm audio = i % 2 == 0 ? noise : busy.audio();
        rig.send("yard " + i, audio, EndToEndRig.EPOCH, 0, audio.lengthSamples());
      }
      Awaitility.await("background in the store")
          .atMost(TrainerRig.PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .ignoreExceptions()
          .until(() -> sampled().size() == 6);
      List<StoredExample> heldOut =
          sampled().stream().filter(e -> e.split() == Split.HELD_OUT).toList();
      assertThat(sampled())
          .extracting(StoredExample::stream)
          .containsExactlyInAnyOrder("yard 0", "yard 2", "yard 4", "yard 6", "yard 8", "yard 10");
      assertThat(heldOut).as("12 s, of which 9 s may count").hasSizeBetween(3, 5);
      rig.ask(true);
      RoundOutcome outcome = rig.awaitOutcomes(1).get(0);
      assertThat(outcome.report()).as(outcome.reason()).isNotNull();
      assertThat(outcome.report().notes())
          .contains("false alarms: counted on 8 s of background of 2 streams, too");
    }
  }

  private List<StoredExample> sampled() {
    try (ExampleStore store = ExampleStore.open(folder.resolve("store"))) {
      return store.all().stream().filter(e -> e.origin() == Origin.SAMPLED).toList();
    }
  }

  /** Nobody has made the ledger's topic before. */
  @Test
  void theFirstProcessOfAllMayBeATrainer() {
    try (TrainerRig rig = rig("first", QUICK)) {
      String absent = "lookaside.ingest.topics.internal.prefix = absent.";
      Config config = ConfigFactory.parseString(absent).withFallback(rig.rig.config).resolve();
      ConcurrentLinkedQueue<String> phases = new ConcurrentLinkedQueue<>();
      try (TrainerService trainer =
          TrainerService.start(config, rig.metrics, rig.listener(phases))) {
        awaitPhase(phases, "collecting", Duration.ofSeconds(60));
      }
    }
  }

  private static void awaitPhase(ConcurrentLinkedQueue<String> phases, String wanted) {
    awaitPhase(phases, wanted, TrainerRig.PATIENCE);
  }

  private static void awaitPhase(
      ConcurrentLinkedQueue<String> phases, String wanted, Duration patience) {
    Awaitility.await(wanted)
        .atMost(patience)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> phases.contains(wanted));
  }
}
