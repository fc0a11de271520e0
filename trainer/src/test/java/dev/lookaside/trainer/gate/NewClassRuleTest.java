package dev.lookaside.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.gate.Check.Verdict;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NewClassRuleTest {
  private static final GateSettings SETTINGS = settings(.1);

  private static GateSettings settings(double chanceMax) {
    return GateSettings.of(
        ConfigFactory.parseMap(Map.of("lookaside.trainer.gate.new-class-chance-max", chanceMax))
            .withFallback(ConfigFactory.load()));
  }

  /** What is said against a new class. */
  private static Findings judged(int sounds, double recall, int others, int taken, double ranked) {
    Findings findings = new Findings();
    new NewClassRule(SETTINGS, findings)
        .judge("bird", new ClassEvidence(sounds, .1, recall, others, taken, List.of(ranked)));
    return findings;
  }

  @Test
  void fewSoundsMustStandHighAndMoreMayStandLower() {
    assertThat(judged(1, 1, 30, 0, .95).reasons()).isEmpty();
    assertThat(judged(1, 1, 30, 0, .9).reasons())
        .containsExactly(
            "new class bird: its 1 held-out sounds stand above 90 % of 30 other sounds: the chance"
                + " of that is 0.129, must be at most 0.100");
    assertThat(judged(2, .5, 30, 0, .9).reasons()).isEmpty();
    assertThat(judged(2, .5, 30, 0, .75).reasons()).hasSize(1);
    assertThat(judged(3, .5, 30, 0, .75).reasons()).isEmpty();
    assertThat(judged(500, .5, 30, 0, .7).reasons()).isEmpty();
    assertThat(judged(500, .5, 30, 0, .5).reasons()).hasSize(1);
    assertThat(judged(1, 1, 2, 0, 1).reasons()).as("too few others to tell").hasSize(1);
    assertThat(judged(3, 1, 0, 0, 0).reasons()).as("no others").hasSize(1);
  }

  @Test
  void itMayNotCostOthersTheirName() {
    assertThat(judged(3, 1, 30, 10, 1).reasons())
        .containsExactly(
            "new class bird: 10 of 30 other sounds were taken for it: at most a share of 0.300 is"
                + " allowed");
    assertThat(judged(3, 1, 30, 9, 1).reasons()).isEmpty();
  }

  @Test
  void theReportSaysWhatWasCompared() {
    Check check = judged(2, 1, 30, 4, .9).checks().get(0);
    assertThat(check.rule()).isEqualTo("new class bird");
    assertThat(check.compared())
        .isEqualTo(
            "chance of being ranked so (0.90) with 2 sounds among 30 others, of which 4 were taken"
                + " for it");
    assertThat(check.bound()).isEqualTo(.1);
    assertThat(check.verdict()).isEqualTo(Verdict.HELD);
  }

  /** A class that means nothing comes through as often as the setting says, and not more. */
  @Test
  void anAccidentComesThroughAsOftenAsIsAllowed() {
    int[] passed = new int[4];
    int runs = 2000;
    SeededRandom.forAll(
        NewClassRuleTest.class,
        runs,
        random -> {
          for (int sounds = 1; sounds < passed.length; sounds++) {
            int right = 0;
            double[] own = random.doubles(sounds).toArray();
            double[] others = random.doubles(30).toArray();
            for (double o : own) {
              for (double other : others) {
                right += o > other ? 1 : 0;
              }
            }
            double ranked = right / (30.0 * sounds);
            passed[sounds] += judged(sounds, 1, 30, 0, ranked).reasons().isEmpty() ? 1 : 0;
          }
        });
    for (int sounds = 1; sounds < passed.length; sounds++) {
      assertThat((double) passed[sounds] / runs).as("%d sounds", sounds).isBetween(.07, .12);
    }
  }
}
