package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.shadow.ShadowReport;
import dev.lookaside.trainer.shadow.ShadowTopic;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoredExample;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What becomes of a candidate that has passed the gate, while streams go on sending: on a real
 * broker, with the bundled model, a worker and a trainer.
 */
@Timeout(1500)
@Tag("slow")
class TrainerLoopTest {
  /** A head fitted in seconds on request alone, and a gate that lets everything pass. */
  private static final Map<String, Object> QUICK_AND_OPEN =
      Map.ofEntries(
          Map.entry("lookaside.trainer.triggers.labels", 1_000),
          Map.entry("lookaside.trainer.head.scenes", 4),
          Map.entry("lookaside.trainer.gate.false-pass-chance", 1),
          Map.entry("lookaside.trainer.gate.precision-loss-max", 1),
          Map.entry("lookaside.trainer.gate.false-alarms-per-hour-max", 1_000_000),
          Map.entry("lookaside.trainer.rollback.judged-min", 3));

  private static EmbeddedKafka kafka;
  private static Map<String, Scene> scenes;
  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    kafka = EmbeddedKafka.start();
    scenes =
        Map.of(
            "gate", TrainerRig.scene(BundledClips.load(), 20, 3),
            "yard", TrainerRig.scene(BundledClips.load(), 20, 4));
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  private TrainerRig rig(String name, Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(QUICK_AND_OPEN);
    more.forEach((key, value) -> settings.put("lookaside.trainer." + key, value));
    return new TrainerRig(kafka.bootstrapServers(), name, folder, settings);
  }

  private static boolean by(Detection d, String adapter) {
    return d.origin().adapterDigest().equals(adapter);
  }

  private static boolean from(Detection d, Instant time) {
    return !d.extent().onsetTime().isBefore(time);
  }

  private static Instant effective(Cutover cutover) {
    return Objects.requireNonNull(cutover.effectiveFrom(), "effectiveFrom");
  }

  /** Waits until both streams are heard with an adapter from some time on. */
  private static void awaitBoth(TrainerRig rig, String adapter, Instant since) {
    for (String stream : scenes.keySet()) {
      rig.awaitEnded(
          stream + " heard by " + adapter,
          1,
          d -> d.stream().value().equals(stream) && by(d, adapter) && from(d, since));
    }
  }

  @Test
  void aCandidateThatDisagreesOnLiveAudioIsRefusedAndWhatItSaidIsKept() throws Exception {
    String incumbent = AdapterRig.bundled().digest();
    try (TrainerRig rig =
            rig(
                "shadow",
                Map.of(
                    // Without a label the head alone would stay as it is; a short full fit does
                    // not.
                    "fit.epochs", 1,
                    "fit.scenes", 4,
                    "gate.confidence", .99,
                    "shadow.share", 1,
                    // Once through the scenes: which few events a shorter run meets is chance.
                    "shadow.seconds", 20,
                    "shadow.agreement-min", 1));
        Service service = rig.rig.startWorker();
        LiveStreams live = new LiveStreams(rig.rig, scenes);
        TrainerService trainer = rig.startTrainer()) {
      awaitBoth(rig, incumbent, Instant.EPOCH);
      rig.ask(false);
      RoundOutcome outcome = rig.awaitOutcomes(1).get(0);
      String candidate = Objects.requireNonNull(outcome.candidate(), outcome.reason());
      assertThat(outcome.reason()).startsWith("agrees with the incumbent to 0.");
      assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.REFUSED);
      // The outcome is on the topic a moment before the trainer collects again.
      Awaitility.await("each step is told of")
          .atMost(Duration.ofSeconds(10))
          .pollInterval(Duration.ofMillis(5))
          .untilAsserted(
              () ->
                  assertThat(rig.changes())
                      .containsExactly(
                          "standby",
                          "collecting",
                          "fitting",
                          "judging",
                          "shadowing",
                          "collecting"));
      assertThat(rig.decided()).isEmpty();
      GateReport report = Objects.requireNonNull(outcome.report(), "report");
      assertThat(report.notes()).anyMatch(n -> n.startsWith("in shadow: 2 streams, "));

      List<ShadowReport> runs = new ShadowTopic(rig.rig.ingest).read(candidate.substring(0, 8));
      assertThat(runs).hasSize(1);
      JsonNode sum = runs.get(0).summary();
      assertThat(sum.get("candidate").textValue()).isEqualTo(candidate);
      assertThat(sum.get("agreement").doubleValue()).isLessThan(1);
      assertThat(sum.get("author").textValue()).isEqualTo("lookaside trainer");
      assertThat(runs.get(0).differences())
          .hasSize(sum.get("differences").intValue())
          .isNotEmpty()
          .allSatisfy(d -> assertSays(d, incumbent, candidate));
      rig.rig.read();
      assertThat(rig.rig.detections)
          .as("nothing of it is detected")
          .noneMatch(d -> by(d, candidate));
    }
  }

  @Test
  void whatSomebodyDecidedMeanwhileStands() throws Exception {
    try (TrainerRig rig = rig("meanwhile", Map.of("shadow.share", 1, "shadow.seconds", 3))) {
      String before = rig.adapters.writer.publish(AdapterRig.variant(.3f));
      String bad = rig.adapters.writer.publish(AdapterRig.variant(.4f));
      rig.adapters.writer.write(AdapterRig.cutover("*", 1, before, Instant.now()));
      rig.adapters.writer.write(AdapterRig.cutover("*", 2, bad, before, Instant.now()));
      try (TrainerService trainer = rig.startTrainer()) {
        rig.ask(true);
        Awaitility.await("shadowing")
            .atMost(TrainerRig.PATIENCE)
            .pollInterval(Duration.ofMillis(5))
            .until(() -> rig.phases.contains("shadowing"));
        rig.adapters.writer.write(AdapterRig.cutover("*", 3, before, bad, Instant.now()));
        RoundOutcome outcome = rig.awaitOutcomes(1).get(0);
        assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.FAILED);
        assertThat(outcome.reason())
            .isEqualTo("promote: incumbent changed from %s to %s meanwhile".formatted(bad, before));
        assertThat(rig.inForce()).map(Cutover::id).contains("*@3");
        assertThat(rig.decided()).hasSize(3);
      }
    }
  }

  @Test
  void aTenantsTrainerHearsOfItsOwnLabelsAlone() {
    Scope harbour = Scope.parse("tenant:harbour");
    try (TrainerRig rig = rig("tenant", Map.of("scope", harbour.toString()));
        TrainerService trainer = rig.startTrainer()) {
      Scene scene = TrainerRig.scene(BundledClips.load(), 6, 7);
      for (String stream : List.of("mill/saw", "harbour/crane", "crane")) {
        rig.send(stream, scene, EndToEndRig.EPOCH);
        scene.events().forEach(e -> rig.label(stream, e.label(), e, EndToEndRig.EPOCH));
      }
      Awaitility.await("all labels in the store")
          .atMost(TrainerRig.PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .ignoreExceptions()
          .until(() -> heldLabels().size() == 3 * scene.events().size());
      Awaitility.await("its own are counted")
          .atMost(TrainerRig.PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .until(() -> trainer.status().freshLabels() == scene.events().size());
      rig.ask(true, harbour);
      RoundOutcome outcome = rig.awaitOutcomes(1).get(0);
      assertThat(outcome.kind()).as(outcome.reason()).isEqualTo(RoundOutcome.Kind.PUBLISHED);
      Learned learned = Objects.requireNonNull(outcome.report(), "report").learned();
      List<String> named = new ArrayList<>(Objects.requireNonNull(learned, "learned").fitted());
      named.addAll(learned.heldOut());
      assertThat(named)
          .containsExactlyInAnyOrderElementsOf(
              heldLabels().stream()
                  .filter(e -> e.stream().equals("harbour/crane"))
                  .map(e -> Learned.key(e.id()))
                  .toList());
      assertThat(rig.decided()).extracting(Cutover::scope).containsExactly(harbour);
    }
  }

  private List<StoredExample> heldLabels() {
    try (ExampleStore store = ExampleStore.open(folder.resolve("store"))) {
      return store.all().stream()
          .filter(e -> e.origin() == Origin.LABEL && e.audio().isPresent())
          .toList();
    }
  }

  private static void assertSays(JsonNode d, String incumbent, String candidate) {
    assertThat(d.get("candidate").textValue()).isEqualTo(candidate);
    assertThat(scenes).containsKey(d.get("stream").textValue());
    assertThat(Instant.parse(d.get("onset").textValue()))
        .isBefore(Instant.parse(d.get("offset").textValue()));
    String kind = d.get("difference").textValue();
    assertThat(d.has("incumbentSays")).isEqualTo(!kind.equals("only-candidate"));
    assertThat(d.has("candidateSays")).isEqualTo(!kind.equals("only-incumbent"));
    assertThat(d.path("incumbentSays").path("adapter").asText(incumbent)).isEqualTo(incumbent);
    assertThat(d.path("candidateSays").path("adapter").asText(candidate)).isEqualTo(candidate);
  }

  @Test
  void aCandidateComesByACanaryAndIsTakenBackWhenPeopleFindItWrong() throws Exception {
    try (TrainerRig rig = rig("canary", Map.of("canary.share", .5, "canary.seconds", 8))) {
      String incumbent = rig.adapters.writer.publish(AdapterRig.variant(.3f));
      rig.adapters.writer.write(AdapterRig.cutover("*", 1, incumbent, Instant.now()));
      try (Service service = rig.rig.startWorker();
          LiveStreams live = new LiveStreams(rig.rig, scenes);
          TrainerService trainer = rig.startTrainer()) {
        awaitBoth(rig, incumbent, Instant.EPOCH);
        rig.ask(true);
        RoundOutcome published = rig.awaitOutcomes(1).get(0);
        assertThat(published.kind()).as(published.reason()).isEqualTo(RoundOutcome.Kind.PUBLISHED);
        String candidate = Objects.requireNonNull(published.candidate(), "candidate");
        assertCanary(rig, incumbent, candidate);

        rig.awaitEnded("events to judge", 3, d -> by(d, candidate)).forEach(rig::reject);
        RoundOutcome back = rig.awaitOutcomes(2).get(1);
        assertThat(back.kind()).isEqualTo(RoundOutcome.Kind.ROLLED_BACK);
        assertThat(back.round()).isEqualTo(published.round());
        assertTakenBack(rig, incumbent, candidate, back);
        assertPhases(rig);
      }
    }
  }

  /** Each phase is told of, in its order, and the seconds in it are counted. */
  private static void assertPhases(TrainerRig rig) {
    List<String> worked =
        List.of("collecting", "fitting", "judging", "publishing", "collecting", "rolling-back");
    assertThat(rig.changes()).first().isEqualTo("standby");
    assertThat(rig.changes().subList(1, 7)).isEqualTo(worked);
    String scrape = rig.metrics.scrape();
    for (String phase : worked) {
      String labels = "{phase=\"%s\",scope=\"*\"} ".formatted(phase);
      assertThat(scrape)
          .contains("lookaside_trainer_phase" + labels)
          .containsPattern(
              Pattern.quote("lookaside_trainer_phase_seconds_total" + labels) + "[0-9.E-]*[1-9]");
    }
    assertThat(scrape).contains("lookaside_trainer_phase{phase=\"fitting\",scope=\"*\"} 0");
  }

  /** The ledger says what came back and why, and the worker hears with it again. */
  private static void assertTakenBack(
      TrainerRig rig, String incumbent, String candidate, RoundOutcome back) {
    Cutover record = rig.inForce().orElseThrow();
    assertThat(record.id()).isEqualTo(back.cutover());
    assertThat(record.reason()).isEqualTo("rollback");
    assertThat(record.adapter()).isEqualTo(incumbent);
    assertThat(record.previous()).isEqualTo(candidate);
    assertThat(Objects.requireNonNull(record.gate(), "gate").path("rollback").textValue())
        .isEqualTo(back.reason())
        .startsWith("3 of 3 labelled detections were wrong");
    awaitBoth(rig, incumbent, effective(record));
  }

  /** One stream hears with the candidate some seconds before the other one does. */
  private static void assertCanary(TrainerRig rig, String incumbent, String candidate) {
    List<Cutover> decided = rig.decided();
    assertThat(decided)
        .extracting(Cutover::reason)
        .containsExactly("promote", "canary", "refit", "release");
    Cutover canary = decided.get(1);
    Cutover all = decided.get(2);
    assertThat(canary.scope().kind()).isEqualTo(Scope.Kind.STREAM);
    assertThat(decided.get(3).scope()).isEqualTo(canary.scope());
    assertThat(all.scope()).isEqualTo(Scope.ALL);
    assertThat(decided.subList(1, 3)).extracting(Cutover::adapter).containsOnly(candidate);
    assertThat(effective(canary).plusSeconds(5)).isBefore(effective(all));

    String ahead = canary.scope().name();
    rig.awaitEnded(
        "an event of the canary",
        1,
        d -> d.stream().value().equals(ahead) && by(d, candidate) && !from(d, effective(all)));
    awaitBoth(rig, candidate, effective(all));
    int early = 0;
    int late = 0;
    for (StreamDetector.Event e : rig.rig.observed) {
      if (e instanceof StreamDetector.Windowed w && w.adapter() != null) {
        boolean isAhead = w.stream().value().equals(ahead);
        Cutover its = isAhead ? canary : all;
        boolean after = !w.captureTime().isBefore(effective(its));
        assertThat(w.adapter().digest()).as(e.toString()).isIn(incumbent, candidate);
        if (after || w.adapter().digest().equals(candidate)) {
          assertThat(w.adapter().digest()).as(e.toString()).isEqualTo(candidate);
          assertThat(after).as(e.toString()).isTrue();
        }
        early += isAhead && after && w.captureTime().isBefore(effective(all)) ? 1 : 0;
        late += !isAhead && !after && !w.captureTime().isBefore(effective(canary)) ? 1 : 0;
      }
    }
    assertThat(early)
        .as("windows of the canary that only it hears with the candidate")
        .isPositive();
    assertThat(late).as("windows of the other stream meanwhile").isPositive();
  }

  /** The tenant has a decision of its own: none of its streams is among the canaries. */
  @Test
  void aCanaryThatPeopleFindWrongIsWithdrawn() throws Exception {
    String incumbent = AdapterRig.bundled().digest();
    Map<String, Scene> streams = new HashMap<>(scenes);
    streams.put("harbour/crane", TrainerRig.scene(BundledClips.load(), 20, 5));
    streams.put("harbour/quay", TrainerRig.scene(BundledClips.load(), 20, 6));
    try (TrainerRig rig = rig("withdrawn", Map.of("canary.share", .5, "canary.seconds", 600))) {
      String harbours = rig.adapters.writer.publish(AdapterRig.variant(.3f));
      rig.adapters.writer.write(AdapterRig.cutover("tenant:harbour", 1, harbours, Instant.now()));
      withdrawn(rig, incumbent, harbours, streams);
    }
  }

  private static void withdrawn(
      TrainerRig rig, String incumbent, String harbours, Map<String, Scene> streams)
      throws Exception {
    try (Service service = rig.rig.startWorker();
        LiveStreams live = new LiveStreams(rig.rig, streams);
        TrainerService trainer = rig.startTrainer()) {
      awaitBoth(rig, incumbent, Instant.EPOCH);
      rig.ask(true);
      List<Detection> judged =
          rig.awaitEnded("events of the canary", 3, d -> !by(d, incumbent) && !by(d, harbours));
      assertThat(judged)
          .extracting(d -> d.origin().adapterDigest())
          .hasSameElementsAs(Set.of(judged.get(0).origin().adapterDigest()));
      judged.forEach(rig::reject);
      RoundOutcome outcome = rig.awaitOutcomes(1).get(0);
      assertThat(outcome.kind()).isEqualTo(RoundOutcome.Kind.ROLLED_BACK);
      assertThat(outcome.reason()).startsWith("3 of 3 labelled detections were wrong");
      assertThat(judged).allMatch(d -> by(d, String.valueOf(outcome.candidate())));
      assertThat(rig.inForce()).as("the scope never heard with it").isEmpty();
      List<Cutover> decided = rig.decided();
      assertThat(decided.remove(0).scope()).isEqualTo(Scope.parse("tenant:harbour"));
      assertThat(decided).extracting(Cutover::reason).containsExactly("canary", "release");
      assertThat(decided).extracting(Cutover::scope).containsOnly(Scope.of(judged.get(0).stream()));
      assertThat(decided.get(1).adapter()).isNull();
      assertThat(Objects.requireNonNull(decided.get(1).gate(), "gate").path("rollback").asText())
          .isEqualTo(outcome.reason());
      awaitBoth(rig, incumbent, effective(decided.get(1)));
    }
  }
}
