package dev.lookaside.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateEvidence.Reference;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Above 300 lines: a rule each. */
class GateTest {
  private static final GateSettings SETTINGS =
      new GateSettings(
          .02, .1, .5, .05, .3, .4, .1, .3, 3, 1, 60, .1, .1, 30, .1, .02, .2, .05, .05, .1, 5);

  /** Of reference sounds, where only labelled ones shall matter. */
  private static final Reference SAME = new Reference(new TreeMap<>(Map.of("drum", .6)), List.of());

  private static final GateEvidence INCUMBENT =
      evidence("a".repeat(64), Map.of("drum", .6, "water", .8), 0, .05);

  private static final Said DOG = Said.of(Map.of("dog", .91234), .91234);
  private static final Said NOTHING = Said.of(Map.of(), null);

  private static GateEvidence evidence(
      String adapter, Map<String, Double> precisions, int falseAlarms, double calibration) {
    TreeMap<String, ClassEvidence> classes = new TreeMap<>();
    precisions.forEach((label, ap) -> classes.put(label, evidence(5, ap, .5)));
    return new GateEvidence(adapter, classes, 60, falseAlarms, calibration, new TreeMap<>(), SAME);
  }

  /** One of whose sounds no other one was taken for it. */
  private static ClassEvidence evidence(int examples, double precision, double recall) {
    return new ClassEvidence(examples, precision, recall, 40, 0, List.of(1.0));
  }

  private static GateReport judged(
      Map<String, Double> precisions, int falseAlarms, double calibration) {
    return Gate.judge(
        INCUMBENT, evidence("b".repeat(64), precisions, falseAlarms, calibration), SETTINGS);
  }

  @Test
  void aCandidateThatIsNotWorsePasses() {
    GateReport report = judged(Map.of("drum", .59, "water", .79), 1, .1);
    assertThat(report.passed()).isTrue();
    assertThat(report.reasons()).isEmpty();
    assertThat(report.map()).isEqualTo(new GateReport.Change(.7, .69));
  }

  @Test
  void theMeanOverKnownClassesMayFallByEpsilonOnly() {
    assertThat(judged(Map.of("drum", .58, "water", .79), 0, .05).passed()).isTrue();
    assertThat(judged(Map.of("drum", .57, "water", .78), 0, .05).reasons())
        .containsExactly(
            "mean average precision over 2 known classes fell from 0.700 to 0.675: at most 0.020"
                + " less is allowed");
  }

  @Test
  void aNewClassDoesNotMakeUpForAKnownOne() {
    assertThat(judged(Map.of("drum", .5, "water", .8, "dog", 1.0), 0, .05).passed()).isFalse();
  }

  @Test
  void aForgottenClassFails() {
    assertThat(judged(Map.of("drum", 1.0), 0, .05).reasons())
        .contains("class water: the candidate does not know it any more");
  }

  @Test
  void aNewClassMustBeHeard() {
    GateReport good = judged(Map.of("drum", .6, "water", .8, "dog", .3), 0, .05);
    assertThat(good.passed()).isTrue();
    assertThat(good.classes().get("dog").averagePrecision())
        .isEqualTo(new GateReport.Change(null, .3));
    assertThat(judged(Map.of("drum", .6, "water", .8, "dog", .29), 0, .05).reasons())
        .containsExactly("new class dog: average precision 0.290, must be at least 0.300");
  }

  @Test
  void aNewClassWithoutHeldOutSoundsIsNotProven() {
    TreeMap<String, ClassEvidence> after = new TreeMap<>(INCUMBENT.classes());
    after.put("dog", evidence(0, 1, 1));
    GateEvidence unproven =
        new GateEvidence("b".repeat(64), after, 60, 0, .05, new TreeMap<>(), SAME);
    assertThat(Gate.judge(INCUMBENT, unproven, SETTINGS).reasons())
        .containsExactly("new class dog: 0 held-out sounds, must be at least 1");
  }

  /** Its posterior may tell it from all else and never reach a threshold. */
  @Test
  void aNewClassThatIsNeverDetectedIsOfNoUse() {
    TreeMap<String, ClassEvidence> after = new TreeMap<>(INCUMBENT.classes());
    after.put("dog", evidence(5, 1, .39));
    GateEvidence silent =
        new GateEvidence("b".repeat(64), after, 60, 0, .05, new TreeMap<>(), SAME);
    assertThat(Gate.judge(INCUMBENT, silent, SETTINGS).reasons())
        .containsExactly("new class dog: 0.390 of its events are detected, must be at least 0.400");
  }

  @Test
  void falseAlarmsStayWithinTheBudget() {
    Map<String, Double> same = Map.of("drum", .6, "water", .8);
    assertThat(judged(same, 1, .05).passed()).isTrue();
    assertThat(judged(same, 2, .05).passed()).as("two where one is allowed").isTrue();
    assertThat(judged(same, 3, .05).reasons())
        .containsExactly(
            "false alarms on background: 180.0 an hour, before 0.0: at most 60.0 are allowed, and the"
                + " chance of as many in 60 s is 0.080, must be at least 0.100");
  }

  @Test
  void anIncumbentBeyondTheBudgetIsTheMeasure() {
    GateEvidence loud = evidence("a".repeat(64), Map.of("drum", .6), 10, .05);
    GateEvidence same = evidence("b".repeat(64), Map.of("drum", .6), 11, .05);
    GateEvidence louder = evidence("b".repeat(64), Map.of("drum", .6), 17, .05);
    assertThat(Gate.judge(loud, same, SETTINGS).passed()).isTrue();
    assertThat(Gate.judge(loud, louder, SETTINGS).passed()).isFalse();
  }

  @Test
  void tooLittleBackgroundIsSaidAndNotJudged() {
    GateEvidence brief =
        new GateEvidence("b".repeat(64), INCUMBENT.classes(), 29, 29, .05, new TreeMap<>(), SAME);
    GateReport report = Gate.judge(INCUMBENT, brief, SETTINGS);
    assertThat(report.passed()).isTrue();
    assertThat(report.notes())
        .containsExactly("29 s of held-out background: false alarms not judged");
  }

  @Test
  void posteriorsStayCalibrated() {
    Map<String, Double> same = Map.of("drum", .6, "water", .8);
    assertThat(judged(same, 0, .1).passed()).isTrue();
    assertThat(judged(same, 0, .11).reasons())
        .containsExactly(
            "calibration error of the posteriors: 0.110, before 0.050: at most 0.100 is allowed");
    assertThat(judged(same, 0, Double.NaN).passed()).isFalse();
  }

  @Test
  void correctionsAreFollowedOneByOne() {
    GateEvidence before = with(INCUMBENT, Map.of("1", false, "2", true, "3", false));
    GateEvidence after = with(INCUMBENT, Map.of("1", true, "2", false, "3", false));
    GateReport report = Gate.judge(before, after, SETTINGS);
    assertThat(report.nowRight())
        .containsExactly(new CorrectionChange("1", "dog", false, true, true, NOTHING, DOG));
    assertThat(report.nowWrong())
        .containsExactly(new CorrectionChange("2", "dog", true, false, true, DOG, NOTHING));
  }

  private static GateEvidence with(GateEvidence e, Map<String, Boolean> right) {
    TreeMap<String, Correction> corrections = new TreeMap<>();
    right.forEach(
        (id, is) -> corrections.put(id, new Correction("dog", is, true, is ? DOG : NOTHING, null)));
    return new GateEvidence(
        e.adapter(),
        e.classes(),
        e.backgroundSeconds(),
        0,
        e.calibrationError(),
        corrections,
        SAME);
  }

  @Test
  void aReportComesBackFromItsJson() {
    SeededRandom.forAll(
        GateTest.class,
        100,
        random -> {
          GateReport report =
              Gate.judge(random(random), random(random), SETTINGS)
                  .withLearned(
                      Learned.of(List.of(new Learned.Use("some id", random.nextBoolean())), 10))
                  .withNote("a note");
          assertThat(GateReport.fromJson(report.toJson())).isEqualTo(report);
        });
  }

  private static GateEvidence random(RandomGenerator random) {
    TreeMap<String, ClassEvidence> classes = new TreeMap<>();
    TreeMap<String, Correction> corrections = new TreeMap<>();
    for (String label : new String[] {"drum", "water", "dog"}) {
      if (random.nextBoolean()) {
        classes.put(
            label,
            new ClassEvidence(
                random.nextInt(6),
                random.nextDouble(),
                random.nextDouble(),
                50,
                random.nextInt(50),
                List.of(random.nextDouble())));
        corrections.put(
            label,
            new Correction(
                label,
                random.nextBoolean(),
                true,
                random.nextBoolean() ? DOG : NOTHING,
                random.nextBoolean() ? null : (Double) random.nextDouble()));
      }
    }
    return new GateEvidence(
        "%064x".formatted(random.nextLong()),
        classes,
        random.nextInt(100),
        random.nextInt(5),
        random.nextDouble(),
        corrections,
        random.nextBoolean() ? SAME : Reference.NONE);
  }

  /** As it stood in the ledger before reports said what was heard. */
  @Test
  void anOldReportIsRead() throws JsonProcessingException {
    GateReport report =
        GateReport.fromJson(
            new JsonMapper()
                .readTree(
                    """
                    {"passed": true, "incumbent": "a", "candidate": "b", "map": {}, "falseAlarmsPerHour": {},
                     "calibrationError": {}, "classes": {}, "reasons": [], "notes": [],
                     "corrections": [{"example": "1", "wanted": "dog", "before": false, "after": true, "heldOut": false}]}
                    """));
    assertThat(report.corrections())
        .containsExactly(new CorrectionChange("1", "dog", false, true, false, null, null));
    assertThat(report.learned()).isNull();
    assertThat(report.checks()).isEmpty();
    assertThat(report.doubted()).isEmpty();
    assertThat(report.toJson().toString()).doesNotContain("said", "learned\":");
  }

  @Test
  void whatWasSaidStaysShort() {
    Said said = Said.of(Map.of("dog", .7, "cat", .9, "cow", .8, "hen", .2, "bee", .91111), .2);
    assertThat(said.heard())
        .containsExactly(
            new Said.Heard("bee", .911), new Said.Heard("cat", .9), new Said.Heard("cow", .8));
    assertThat(said.words("hen"))
        .isEqualTo("bee (0.91), cat (0.90), cow (0.80) and 2 more (hen at most 0.20)");
    assertThat(said.words("cat")).isEqualTo("bee (0.91), cat (0.90), cow (0.80) and 2 more");
    assertThat(NOTHING.words("dog")).isEqualTo("nothing (does not know dog)");
  }

  @Test
  void theNewestLabelsAreNamedAndTheRestIsCounted() {
    String hexadecimal = "0123456789abcdef0123456789abcdef";
    List<Learned.Use> uses =
        List.of(
            new Learned.Use(hexadecimal, true),
            new Learned.Use("label-0000001", false),
            new Learned.Use("label-0000002", true));
    Learned learned = Learned.of(uses, 2);
    assertThat(learned.fitted()).containsExactly("0123456789ab");
    assertThat(learned.heldOut()).containsExactly(Learned.key("label-0000001"));
    assertThat(Learned.key("label-0000001")).hasSize(12).isNotEqualTo(Learned.key("label-0000002"));
    assertThat(learned.leftOut()).isEqualTo(1);
    assertThat(Learned.of(uses, 10).fitted()).hasSize(2);
  }

  @Test
  void aReportOfAnotherShapeIsRefused() {
    assertThatThrownBy(
            () -> GateReport.fromJson(JsonNodeFactory.instance.objectNode().put("reasons", "none")))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("gate report");
  }

  @Test
  void theReferenceSettingsAreSoundAndWrongOnesAreNamed() {
    assertThat(GateSettings.of(ConfigFactory.load()).mapEpsilon()).isBetween(0.0, .1);
    assertThatThrownBy(
            () ->
                GateSettings.of(
                    ConfigFactory.parseString("lookaside.trainer.gate.map-epsilon = 2")
                        .withFallback(ConfigFactory.load())))
        .hasMessage("lookaside.trainer.gate.map-epsilon \"2.0\": must be 0.0 to 1.0");
  }
}
