package dev.lookaside.trainer.receipt;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Ledger;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.gate.DetectedClasses;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.receipt.Receipt.State;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import dev.lookaside.trainer.store.Standing;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ReceiptsTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");
  private static final String OLD = "a".repeat(64);
  private static final String NEW = "b".repeat(64);
  private static final String NEWER = "c".repeat(64);
  private static final Label SIREN = label("site/yard", "siren");
  private static final LabelStanding USABLE = new LabelStanding(Standing.USABLE, List.of());
  private static final DetectedClasses NOTHING = DetectedClasses.of(Map.of(), .12);
  private static final DetectedClasses HEARD = DetectedClasses.of(Map.of("siren", .93), .93);

  private Ledger ledger = Ledger.EMPTY;

  private static Label label(String stream, String label) {
    return Label.add(
        new StreamId(stream), label, NOON, NOON.plusSeconds(1), "ada", NOON, Optional.empty());
  }

  private static GateReport report(
      String incumbent, String candidate, @Nullable Learned learned, CorrectionChange... changes) {
    GateReport report =
        GateReport.of(true, incumbent, candidate, List.of()).withCorrections(List.of(changes));
    return learned == null ? report : report.withLearned(learned);
  }

  private static CorrectionChange change(boolean heldOut) {
    return new CorrectionChange(SIREN.id(), "siren", false, true, heldOut, NOTHING, HEARD);
  }

  private static Learned learned(boolean fitted, Label... labels) {
    List<Learned.Use> uses =
        java.util.Arrays.stream(labels).map(l -> new Learned.Use(l.id(), fitted)).toList();
    return Learned.of(uses, Learned.LABELS_MAX);
  }

  /** A decision that takes effect so many seconds after noon. */
  private void decide(String scope, String adapter, int second, @Nullable JsonNode gate) {
    Scope whose = Scope.parse(scope);
    Instant from = NOON.plusSeconds(second);
    ledger =
        ledger.with(
            new Cutover(
                whose,
                ledger.nextNumber(whose),
                adapter,
                from,
                "refit",
                "trainer",
                from,
                null,
                null,
                null,
                null,
                gate));
  }

  private Receipt receipt(Label label, int second) {
    return new Receipts(ledger).of(label, USABLE, NOON.plusSeconds(second));
  }

  @Test
  void aLabelIsInAnAdapterSinceAndWhatBothSay() {
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN), change(false)).toJson());
    Receipt receipt = receipt(SIREN, 61);
    assertThat(receipt.state()).isEqualTo(State.IN_FORCE);
    assertThat(receipt.inForce()).contains(NEW);
    assertThat(receipt.sentence())
        .isEqualTo(
            "is in adapter bbbbbbbbbbbb since 2026-03-01T12:01:00Z; there the old adapter detected"
                + " nothing (siren at most 0.12), the new one detects siren (0.93)");
    assertThat(receipt(SIREN, 59).state()).isEqualTo(State.DECIDED);
    assertThat(receipt(SIREN, 59).sentence()).startsWith("will be in adapter bbbbbbbbbbbb from ");
  }

  @Test
  void aLabelBeyondWhatTheReportGoesIntoIsStillInTheAdapter() {
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN)).toJson());
    assertThat(receipt(SIREN, 61).sentence())
        .isEqualTo(
            "is in adapter bbbbbbbbbbbb since 2026-03-01T12:01:00Z; a later report names what is"
                + " detected there");
    assertThat(receipt(label("site/yard", "horn"), 61).state()).isEqualTo(State.NOT_YET);
  }

  @Test
  void aLabelThatNoFitSawIsSaidToBeJudgedOn() {
    decide("*", NEW, 60, report(OLD, NEW, learned(false, SIREN), change(true)).toJson());
    assertThat(receipt(SIREN, 61).sentence())
        .contains("(held out of the fit, used to evaluate it); there");
  }

  @Test
  void oldReportsSayWhetherItWasRight() {
    CorrectionChange bare =
        new CorrectionChange(SIREN.id(), "siren", false, true, false, null, null);
    decide("*", NEW, 60, report(OLD, NEW, null, bare).toJson());
    assertThat(receipt(SIREN, 61).sentence())
        .endsWith(
            "; there the old adapter detected what is wrong, the new one detects what is right");
  }

  @Test
  void whatComesOfAnAdapterHoldsItsLabelsAndARollbackTakesThemBack() {
    decide("*", OLD, 10, null);
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN), change(false)).toJson());
    decide("*", NEWER, 70, report(NEW, NEWER, learned(true)).toJson());
    Receipt later = receipt(SIREN, 71);
    assertThat(later.state()).isEqualTo(State.IN_FORCE);
    assertThat(later.first().orElseThrow().adapter()).isEqualTo(NEW);
    JsonNode evidence =
        JsonNodeFactory.instance.objectNode().put("passed", false).put("rollback", "too wrong");
    decide("*", OLD, 80, evidence);
    Receipt back = receipt(SIREN, 81);
    assertThat(back.state()).isEqualTo(State.TAKEN_BACK);
    assertThat(back.sentence())
        .startsWith("was in adapter bbbbbbbbbbbb from 2026-03-01T12:01:00Z")
        .endsWith("; adapter aaaaaaaaaaaa is in force again, without it");
  }

  @Test
  void theNewestReportThatGoesIntoItIsKept() {
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN), change(false)).toJson());
    DetectedClasses surer = DetectedClasses.of(Map.of("siren", .99), .99);
    CorrectionChange again =
        new CorrectionChange(SIREN.id(), "siren", true, true, false, HEARD, surer);
    decide("*", NEWER, 70, report(NEW, NEWER, learned(true, SIREN), again).toJson());
    Receipt receipt = receipt(SIREN, 71);
    assertThat(receipt.first().orElseThrow().adapter()).isEqualTo(NEW);
    assertThat(receipt.newest().orElseThrow().after("siren")).contains("siren (0.99)");
    assertThat(receipt.sentence())
        .endsWith(
            "the new one detects siren (0.93); adapter cccccccccccc, since 2026-03-01T12:01:10Z, detects"
                + " siren (0.99)");
  }

  /** A round of many labels leaves some to the reports of later ones. */
  @Test
  void whatALaterReportGoesIntoIsSaidWithItsAdapter() {
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN)).toJson());
    assertThat(new Receipts(ledger).reported(SIREN.id(), SIREN.stream())).isFalse();
    decide("*", NEWER, 70, report(NEW, NEWER, learned(true, SIREN), change(false)).toJson());
    assertThat(receipt(SIREN, 71).sentence())
        .isEqualTo(
            "is in adapter bbbbbbbbbbbb since 2026-03-01T12:01:00Z; there adapter cccccccccccc,"
                + " since 2026-03-01T12:01:10Z, detects siren (0.93), the one before it detected nothing"
                + " (siren at most 0.12)");
    assertThat(new Receipts(ledger).reported(SIREN.id(), SIREN.stream())).isTrue();
  }

  @Test
  void whatWasToldIsToldAgainOnceItsAdapterIsTakenBack() {
    decide("*", OLD, 10, null);
    decide("tenant:harbour", NEW, 50, report(OLD, NEW, learned(true), change(false)).toJson());
    assertThat(new Receipts(ledger).reported(SIREN.id(), SIREN.stream())).as("to others").isFalse();
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN), change(false)).toJson());
    decide("*", NEWER, 70, report(NEW, NEWER, learned(true)).toJson());
    assertThat(new Receipts(ledger).reported(SIREN.id(), SIREN.stream())).as("its child").isTrue();
    decide("*", OLD, 80, null);
    assertThat(new Receipts(ledger).reported(SIREN.id(), SIREN.stream()))
        .as("taken back")
        .isFalse();
  }

  @Test
  void whatIsDecidedForOthersIsNotForThisStream() {
    decide("tenant:harbour", NEW, 60, report(OLD, NEW, learned(true, SIREN)).toJson());
    Receipt receipt = receipt(SIREN, 61);
    assertThat(receipt.state()).isEqualTo(State.ELSEWHERE);
    assertThat(receipt.sentence()).contains("of tenant:harbour, not of its own stream");
    assertThat(receipt(label("harbour/quay", "siren"), 61).state()).isEqualTo(State.NOT_YET);
    decide("stream:site/yard", NEW, 65, report(OLD, NEW, learned(true, SIREN)).toJson());
    Receipt canary = receipt(SIREN, 66);
    assertThat(canary.state()).isEqualTo(State.IN_FORCE);
    assertThat(canary.decisions()).hasSize(1);
  }

  @Test
  void whatDoesNotCountIsSaidInItsPlace() {
    Receipts none = new Receipts(Ledger.EMPTY);
    Label other = label("site/yard", "horn");
    List<String> because = List.of(other.id());
    String brief = other.id().substring(0, 12);
    assertThat(none.of(SIREN, USABLE, NOON).sentence()).isEqualTo("is in no adapter yet");
    assertThat(none.of(SIREN, new LabelStanding(Standing.CONFLICT, because), NOON).sentence())
        .isEqualTo("is in dispute with label " + brief + ": kept out of training");
    assertThat(none.of(SIREN, new LabelStanding(Standing.SUPERSEDED, because), NOON).sentence())
        .isEqualTo("is superseded by label " + brief + " of the same author");
    assertThat(none.of(SIREN, new LabelStanding(Standing.DUPLICATE, because), NOON).sentence())
        .contains("one example of a sound is enough");
    assertThat(
            none.of(SIREN, new LabelStanding(Standing.SUPERSEDED, because, true), NOON).sentence())
        .isEqualTo("is retracted by its author with label " + brief);
  }

  @Test
  void whatWasLearnedAndThenDisputedSaysBoth() {
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN), change(false)).toJson());
    List<String> because = List.of("0123456789abcdef");
    Receipts receipts = new Receipts(ledger);
    Instant now = NOON.plusSeconds(61);
    assertThat(receipts.of(SIREN, new LabelStanding(Standing.CONFLICT, because), now).sentence())
        .startsWith("is in adapter bbbbbbbbbbbb since")
        .endsWith(
            "siren (0.93); now it is in dispute with label 0123456789ab: no further fit learns it");
    assertThat(receipts.of(SIREN, new LabelStanding(Standing.SUPERSEDED, because), now).sentence())
        .contains("; now it is superseded by label 0123456789ab of the same author");
    assertThat(
            receipts
                .of(SIREN, new LabelStanding(Standing.SUPERSEDED, because, true), now)
                .sentence())
        .endsWith(
            "; its author has retracted it with label 0123456789ab: no further fit learns it");
  }

  /** A first round may learn more labels than its report names. */
  @Test
  void aLabelTooOldToBeNamedMayBeInTheAdapter() {
    Label unnamed = label("site/yard", "horn");
    List<Learned.Use> uses =
        List.of(new Learned.Use(SIREN.id(), true), new Learned.Use(unnamed.id(), true));
    decide("*", NEW, 60, report(OLD, NEW, Learned.of(uses, 1)).toJson());
    Receipt receipt = receipt(unnamed, 61);
    assertThat(receipt.state()).isEqualTo(State.UNNAMED);
    assertThat(receipt.sentence())
        .isEqualTo(
            "may be in adapter bbbbbbbbbbbb since 2026-03-01T12:01:00Z, whose report names the"
                + " newest of its labels only");
    assertThat(receipt.toJson().get("state").textValue()).isEqualTo("unnamed");
    assertThat(receipt(SIREN, 61).state()).isEqualTo(State.IN_FORCE);
    Label newer =
        Label.add(
            new StreamId("site/yard"),
            "horn",
            NOON,
            NOON.plusSeconds(1),
            "ada",
            NOON.plusSeconds(65),
            Optional.empty());
    assertThat(receipt(newer, 70).state()).isEqualTo(State.NOT_YET);
  }

  @Test
  void scriptsGetAllOfIt() {
    decide("*", NEW, 60, report(OLD, NEW, learned(true, SIREN), change(false)).toJson());
    JsonNode json = receipt(SIREN, 61).toJson();
    assertThat(json.at("/label/id").textValue()).isEqualTo(SIREN.id());
    assertThat(json.at("/label/kind").textValue()).isEqualTo("add");
    assertThat(json.get("standing").textValue()).isEqualTo("usable");
    assertThat(json.get("state").textValue()).isEqualTo("in-force");
    JsonNode decision = json.get("decisions").get(0);
    assertThat(decision.get("since").textValue()).isEqualTo("2026-03-01T12:01:00Z");
    assertThat(decision.at("/before/right").booleanValue()).isFalse();
    assertThat(decision.at("/before/highest").doubleValue()).isEqualTo(.12);
    assertThat(decision.at("/after/detected/0/label").textValue()).isEqualTo("siren");
    assertThat(decision.at("/after/detected/0/peak").doubleValue()).isEqualTo(.93);
  }
}
