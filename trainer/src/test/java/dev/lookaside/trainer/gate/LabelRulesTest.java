package dev.lookaside.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.gate.Check.Verdict;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateEvidence.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** What wrong labels can and cannot bend. */
class LabelRulesTest {
  private static final GateSettings SETTINGS =
      GateSettings.of(
          ConfigFactory.parseString("lookaside.trainer.gate.learned-share-min = 0.1")
              .withFallback(ConfigFactory.load()));
  private static final int CLASSES = 10;
  private static final TreeMap<String, ClassEvidence> NOTHING_KNOWN = new TreeMap<>();

  private static GateEvidence evidence(
      Map<String, ClassEvidence> classes,
      Map<String, Correction> corrections,
      Map<String, Double> reference,
      List<Double> missed) {
    return new GateEvidence(
        "a".repeat(64),
        new TreeMap<>(classes),
        60,
        0,
        .05,
        new TreeMap<>(corrections),
        new Reference(new TreeMap<>(reference), missed));
  }

  private static Correction heard(boolean right, Double likelier) {
    return new Correction("drum", right, false, null, likelier);
  }

  private static Check check(GateReport report, String rule) {
    return report.checks().stream().filter(c -> c.rule().equals(rule)).findFirst().orElseThrow();
  }

  /**
   * A judgement of corrections that the incumbent has wrong, of which the candidate has some right.
   *
   * @param likelier one per correction
   */
  private static GateReport judged(List<Double> likelier, int learned, List<Double> missed) {
    Map<String, Correction> before = new TreeMap<>();
    Map<String, Correction> after = new TreeMap<>();
    for (int i = 0; i < likelier.size(); i++) {
      String id = "%03d".formatted(i);
      before.put(id, heard(false, likelier.get(i)));
      after.put(id, heard(i < learned, null));
    }
    return Gate.judge(
        evidence(NOTHING_KNOWN, before, Map.of("drum", .5), missed),
        evidence(NOTHING_KNOWN, after, Map.of("drum", .5), List.of()),
        SETTINGS);
  }

  @Test
  void labelsThatAreUnlikelyToTheIncumbentAreRefusedAndListed() {
    List<Double> likelier = List.of(.1, .9, .5, 1.0, .6, .2);
    GateReport report = judged(likelier, 6, List.of());
    assertThat(report.doubted()).containsExactly("001", "002", "003", "004");
    assertThat(report.reasons())
        .containsExactly(
            "labels: where the incumbent does not hear what they say, 6 times, it finds a share of"
                + " 0.550 of the other classes likelier; if they were right, it would be about 0.300,"
                + " and the chance of as much is 0.0013, must be at least 0.050");
    Check check = check(report, "labels");
    assertThat(check.verdict()).isEqualTo(Verdict.FAILED);
    assertThat(check.figure()).isEqualTo(.001274);
    assertThat(check.bound()).isEqualTo(.05);
    assertThat(GateReport.fromJson(report.toJson())).isEqualTo(report);
  }

  @Test
  void anIncumbentThatFindsReferenceSoundsUnlikelyIsNoWitness() {
    List<Double> likelier = List.of(.1, .9, .5, 1.0, .6, .2);
    assertThat(judged(likelier, 6, List.of(.7, .1, .8, .6)).reasons()).isEmpty();
    assertThat(judged(likelier, 6, List.of(.7, .1, .2, .3, .1, .1)).passed()).isFalse();
    assertThat(judged(likelier, 6, List.of(.7, .8)).passed()).as("two say too little").isFalse();
  }

  /**
   * That two of five are below half of the classes may be chance; that these are at the end is not.
   */
  @Test
  void howFarLabelsAreDownCounts() {
    assertThat(judged(List.of(.4, .4, .4, .4, .4), 5, List.of()).passed()).isTrue();
    assertThat(judged(List.of(.2, .2, .2, .5, .5), 5, List.of()).passed()).isTrue();
    assertThat(judged(List.of(.4, .4, .4, .9, 1.0), 5, List.of()).passed()).isFalse();
  }

  @Test
  void correctionsAreNotLostButByChance() {
    assertThat(kept(4, 0).passed()).isTrue();
    assertThat(kept(5, 0).reasons())
        .containsExactly(
            "corrections: 5 that the incumbent hears right are lost, 0 gained: the chance of that is"
                + " 0.031, at most 0.050 is taken for no accident");
    assertThat(check(kept(5, 0), "kept").verdict()).isEqualTo(Verdict.FAILED);
    assertThat(kept(6, 1).passed()).as("seven, of which one is gained").isTrue();
    assertThat(kept(7, 1).passed()).isFalse();
    assertThat(check(kept(0, 0), "kept").verdict()).isEqualTo(Verdict.NOT_JUDGED);
  }

  private static GateReport kept(int lost, int gained) {
    Map<String, Correction> before = new TreeMap<>();
    Map<String, Correction> after = new TreeMap<>();
    for (int i = 0; i < lost + gained; i++) {
      before.put("%03d".formatted(i), heard(i < lost, .1));
      after.put("%03d".formatted(i), heard(i >= lost, .1));
    }
    return Gate.judge(
        evidence(NOTHING_KNOWN, before, Map.of("drum", .5), List.of()),
        evidence(NOTHING_KNOWN, after, Map.of("drum", .5), List.of()),
        SETTINGS);
  }

  @Test
  void twoLabelsAreTooFewToBeDoubted() {
    GateReport report = judged(List.of(1.0, 1.0), 2, List.of());
    assertThat(report.passed()).isTrue();
    assertThat(report.doubted()).hasSize(2);
    assertThat(check(report, "labels").verdict()).isEqualTo(Verdict.NOT_JUDGED);
  }

  @Test
  void whoLearnsNothingDoesNotGoLive() {
    List<Double> likely = List.of(.1, .1, .1, .1, .1, .1, .1, .1, .1, .1, .1);
    assertThat(judged(likely, 1, List.of()).reasons())
        .containsExactly(
            "corrections: of 11 that the incumbent hears wrongly, 1 more are right than before, must"
                + " be at least a share of 0.100");
    assertThat(judged(likely, 2, List.of()).passed()).isTrue();
    GateReport four = judged(likely.subList(0, 4), 0, List.of());
    assertThat(four.passed()).isTrue();
    assertThat(check(four, "learned").verdict()).isEqualTo(Verdict.NOT_JUDGED);
  }

  /** Held-out labels are as wrong as the fitted ones, and praise who has learned them. */
  @Test
  void heldOutLabelsDoNotMakeUpForReferenceSounds() {
    Map<String, ClassEvidence> worse =
        Map.of("drum", new ClassEvidence(9, .3, 1, 9, 0, List.of(1.0)));
    Map<String, ClassEvidence> better =
        Map.of("drum", new ClassEvidence(9, .9, 1, 9, 0, List.of(1.0)));
    GateReport report =
        Gate.judge(
            evidence(worse, Map.of(), Map.of("drum", .7, "water", .5), List.of()),
            evidence(better, Map.of(), Map.of("drum", .6, "water", .5), List.of()),
            SETTINGS);
    assertThat(report.reasons())
        .containsExactly(
            "mean average precision over 2 known classes on reference sounds fell from 0.600 to"
                + " 0.550: at most 0.020 less is allowed");
    assertThat(check(report, "known classes").verdict()).isEqualTo(Verdict.HELD);
    assertThat(check(report, "reference sounds").verdict()).isEqualTo(Verdict.FAILED);
  }

  @Test
  void aClassThatReferenceSoundsHadAndTheCandidateHasNotCountsAsNothing() {
    GateReport report =
        Gate.judge(
            evidence(NOTHING_KNOWN, Map.of(), Map.of("drum", .5, "water", .5), List.of()),
            evidence(NOTHING_KNOWN, Map.of(), Map.of("drum", .9), List.of()),
            SETTINGS);
    assertThat(report.passed()).isFalse();
  }

  /**
   * A model that hears 65 of 100 sounds, and mostly finds the right class second or third where it
   * does not: sets of 30 right labels pass, sets of wrong ones do not, nor do most of half wrong
   * ones.
   */
  @Test
  void wrongLabelsAreToldFromRightOnes() {
    int[] refused = new int[3];
    int sets = 300;
    SeededRandom.forAll(
        LabelRulesTest.class,
        sets,
        random -> {
          for (int kind = 0; kind < refused.length; kind++) {
            List<Double> missed = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
              double share = kind / 2.0;
              double above = above(random, random.nextDouble() < share);
              if (above >= 0) {
                missed.add(above / (CLASSES - 1));
              }
            }
            refused[kind] += judged(missed, missed.size(), List.of()).passed() ? 0 : 1;
          }
        });
    assertThat(refused[0]).as("right ones").isLessThan(sets / 20);
    assertThat(refused[1]).as("half of them wrong").isGreaterThan(sets * 9 / 10);
    assertThat(refused[2]).as("wrong ones").isGreaterThan(sets * 98 / 100);
  }

  /** Classes above the named one; -1 if it is heard. */
  private static int above(RandomGenerator random, boolean wrong) {
    int truth = random.nextDouble() < .65 ? 0 : (int) Math.abs(random.nextGaussian() * 2.5);
    truth = Math.min(truth, CLASSES - 1);
    int named = wrong ? (truth + 1 + random.nextInt(CLASSES - 1)) % CLASSES : truth;
    return named == 0 ? -1 : named;
  }
}
