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
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class KnownClassRuleTest {
  private static final GateSettings SETTINGS = GateSettings.of(ConfigFactory.load());

  private final TreeMap<String, ClassEvidence> before = new TreeMap<>();
  private final TreeMap<String, ClassEvidence> after = new TreeMap<>();
  private final TreeMap<String, Correction> correctedBefore = new TreeMap<>();
  private final TreeMap<String, Correction> correctedAfter = new TreeMap<>();

  /**
   * Of birds.
   *
   * @param old ranks of its events with the incumbent
   */
  private void birds(int sounds, double fallsFrom, double to, List<Double> old, List<Double> own) {
    before.put("bird", new ClassEvidence(sounds, fallsFrom, 1, 40, 0, old));
    after.put("bird", new ClassEvidence(sounds, to, 1, 40, 0, own));
  }

  /** Corrections that are right with the incumbent, or the candidate, or both. */
  private void corrections(int count, boolean right, boolean stillRight, boolean heldOut) {
    for (int i = 0; i < count; i++) {
      String id = "%03d".formatted(correctedBefore.size());
      correctedBefore.put(id, new Correction("bird", right, heldOut, null, null));
      correctedAfter.put(id, new Correction("bird", stillRight, heldOut, null, null));
    }
  }

  private Findings judged() {
    Findings findings = new Findings();
    KnownClassRule rule =
        new KnownClassRule(
            evidence(before, correctedBefore), evidence(after, correctedAfter), SETTINGS, findings);
    before.forEach(rule::judge);
    rule.report();
    return findings;
  }

  private static GateEvidence evidence(
      TreeMap<String, ClassEvidence> classes, TreeMap<String, Correction> corrections) {
    return new GateEvidence("a".repeat(64), classes, 60, 0, .05, corrections, Reference.NONE);
  }

  @Test
  void aFallThatAllSoundsAgreeOnFails() {
    birds(5, .6, .49, List.of(.9, .9, .8, .9, 1.0), List.of(.8, .7, .7, .8, .9));
    Findings found = judged();
    assertThat(found.reasons())
        .containsExactly(
            "class bird: average precision fell from 0.600 to 0.490: at most 0.100 less is allowed,"
                + " and of its held-out sounds and fitted corrections 5 are worse, 0 better: the"
                + " chance of that is 0.031, at most 0.050 is taken for no accident");
    Check check = found.checks().get(0);
    assertThat(check.rule()).isEqualTo("one class");
    assertThat(check.verdict()).isEqualTo(Verdict.FAILED);
    assertThat(check.compared())
        .isEqualTo(
            "bird fell most, of those with enough sounds; of its sounds and fitted corrections 5 are"
                + " worse, 0 better, where the chance of that is 0.031");
    birds(5, .6, .51, List.of(.9, .9, .8, .9, 1.0), List.of(.8, .7, .7, .8, .9));
    assertThat(judged().reasons()).as("not far enough").isEmpty();
  }

  @Test
  void aFallThatTheyDoNotAgreeOnIsAnAccident() {
    birds(5, .6, .2, List.of(.9, .9, .8, .9, 1.0), List.of(.8, .7, .7, .8, 1.0));
    assertThat(judged().checks().get(0).verdict()).as("four and no change").isEqualTo(Verdict.HELD);
    birds(6, .6, .2, List.of(.9, .9, .8, .9, 1.0, .9), List.of(.8, .7, .7, .8, .9, .95));
    assertThat(judged().reasons()).isEmpty();
  }

  @Test
  void noClassMayFallByHalfWhateverItsSoundsAgreeOn() {
    List<Double> ranks = List.of(.9, .9, .8);
    birds(3, .8, .29, ranks, ranks);
    Findings found = judged();
    assertThat(found.reasons())
        .containsExactly(
            "class bird: average precision fell from 0.800 to 0.290: more than 0.500 less is"
                + " allowed to no class");
    assertThat(found.checks().get(0).verdict()).isEqualTo(Verdict.FAILED);
    birds(3, .8, .31, ranks, ranks);
    assertThat(judged().reasons()).isEmpty();
    birds(2, .8, .29, ranks.subList(0, 2), ranks.subList(0, 2));
    assertThat(judged().reasons()).as("too few to say so").isEmpty();
  }

  @Test
  void twoSoundsAreNoWitnessesButWithCorrectionsThatAreLostTheyAre() {
    List<Double> old = List.of(.8, .9, .8, .9);
    List<Double> own = List.of(.6, .7, .6, .8);
    birds(2, .3, .1, old, own);
    Findings alone = judged();
    assertThat(alone.reasons()).isEmpty();
    assertThat(alone.notes())
        .containsExactly(
            "class bird: 2 held-out sounds and 0 fitted corrections, not judged by itself");
    assertThat(alone.checks().get(0).verdict()).isEqualTo(Verdict.NOT_JUDGED);

    corrections(6, true, true, false);
    corrections(3, true, false, true);
    assertThat(judged().reasons()).as("held-out ones are among the sounds").isEmpty();
    corrections(3, true, false, false);
    assertThat(judged().reasons()).hasSize(1).first().asString().contains("5 are worse, 0 better");
    corrections(1, false, true, false);
    assertThat(judged().reasons()).as("what is gained speaks for it").isEmpty();
  }

  @Test
  void scenesRepeatSoundsAndProveNoMoreForIt() {
    List<Double> old = new ArrayList<>();
    List<Double> own = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      old.add(.9);
      own.add(.8);
    }
    birds(4, .6, .2, old, own);
    assertThat(judged().reasons()).isEmpty();
    birds(5, .6, .2, old, own);
    assertThat(judged().reasons()).hasSize(1);
  }

  /** Short of that, a class whose sounds change at random is seldom refused. */
  @Test
  void anAccidentIsRefusedAsSeldomAsIsSaid() {
    int[] refused = new int[1];
    int runs = 2000;
    SeededRandom.forAll(
        KnownClassRuleTest.class,
        runs,
        random -> {
          int sounds = 1 + random.nextInt(12);
          birds(
              sounds,
              .9,
              .5,
              random.doubles(sounds).boxed().toList(),
              random.doubles(sounds).boxed().toList());
          refused[0] += judged().reasons().isEmpty() ? 0 : 1;
        });
    assertThat((double) refused[0] / runs).isBetween(.005, .05);
  }
}
