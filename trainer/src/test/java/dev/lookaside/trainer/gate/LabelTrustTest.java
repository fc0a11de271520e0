package dev.lookaside.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.gate.Gate.LabelCheck;
import dev.lookaside.trainer.gate.LabelTrust.Finding;
import dev.lookaside.trainer.gate.LabelTrust.Verdict;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Contradictions of right names lie near 0, those of wrong ones anywhere, as was measured. */
class LabelTrustTest {
  private static double right(RandomGenerator random) {
    return Math.pow(random.nextDouble(), 8);
  }

  private static double wrong(RandomGenerator random) {
    return random.nextDouble();
  }

  private static LabelTrust trust() {
    RandomGenerator random = SeededRandom.of(11);
    return trust(Stream.generate(() -> right(random)).limit(90).toList());
  }

  private static LabelTrust trust(List<Double> right) {
    RandomGenerator random = SeededRandom.of(12);
    List<Double> wrong = Stream.generate(() -> wrong(random)).limit(800).toList();
    return new LabelTrust(Sounds.SETTINGS, right, wrong, right, wrong);
  }

  private static LabelCheck label(double contradiction, boolean fresh) {
    return new LabelCheck("x", "bird", contradiction, false, fresh, "drum");
  }

  private static List<LabelCheck> labels(RandomGenerator random, int count, double shareWrong) {
    List<LabelCheck> labels = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean wrong = random.nextDouble() < shareWrong;
      labels.add(label(wrong ? wrong(random) : right(random), true));
    }
    return labels;
  }

  private static double share(int labels, double shareWrong, Verdict verdict) {
    LabelTrust trust = trust();
    int hits = 0;
    int sets = 100;
    for (int i = 0; i < sets; i++) {
      RandomGenerator random = SeededRandom.of(1_000L * labels + i);
      hits += trust.of(labels(random, labels, shareWrong)).verdict() == verdict ? 1 : 0;
    }
    return (double) hits / sets;
  }

  @Test
  void theChanceOfAFalsePassIsKept() {
    // Of 100 sets with a chance of .05 more than 10 come by chance once in a hundred times.
    assertThat(share(10, .5, Verdict.TRUSTED)).isLessThanOrEqualTo(.1);
    assertThat(share(5, .5, Verdict.TRUSTED)).isLessThanOrEqualTo(.1);
    assertThat(share(10, 1, Verdict.TRUSTED)).isLessThanOrEqualTo(.02);
  }

  @Test
  void rightLabelsAreTrustedMoreOftenTheMoreThereAre() {
    double five = share(5, 0, Verdict.TRUSTED);
    double ten = share(10, 0, Verdict.TRUSTED);
    double thirty = share(30, 0, Verdict.TRUSTED);
    assertThat(five).isLessThan(ten);
    assertThat(ten).isLessThanOrEqualTo(thirty);
    assertThat(thirty).isGreaterThan(.95);
    assertThat(share(10, 0, Verdict.CONTRADICTED)).isLessThanOrEqualTo(.1);
  }

  /** Half wrong labels do not explain them either. */
  @Test
  void manyLabelsOfWhichAThirdIsWrongAreNotTrusted() {
    assertThat(share(60, .35, Verdict.TRUSTED)).isLessThanOrEqualTo(.05);
    assertThat(share(60, .35, Verdict.CONTRADICTED)).isGreaterThan(.9);
    assertThat(share(60, .05, Verdict.TRUSTED)).isGreaterThan(.85);
  }

  @Test
  void theNumberOfLabelsThatIsAskedForOftenDecides() {
    LabelTrust trust = trust();
    int asked = 0;
    int decided = 0;
    for (int i = 0; i < 100; i++) {
      RandomGenerator random = SeededRandom.of(70_000 + i);
      List<LabelCheck> labels = labels(random, 5, 0);
      Finding first = trust.of(labels);
      if (first.verdict() == Verdict.TOO_FEW) {
        asked++;
        assertThat(first.more()).isPositive();
        labels.addAll(labels(random, first.more(), 0));
        decided += trust.of(labels).verdict() == Verdict.TRUSTED ? 1 : 0;
      }
    }
    assertThat(asked).isGreaterThan(10);
    assertThat((double) decided / asked).isGreaterThan(.3);
  }

  @Test
  void aLabelFarFromItsNeighboursIsDoubtedAndTheyAreNot() {
    List<LabelCheck> labels = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      labels.add(label(.002 * i, true));
    }
    labels.add(label(.97, true));
    // Of 300 right names none was contradicted as much.
    Finding found = trust(Collections.nCopies(300, .02)).of(labels);
    assertThat(found.doubted()).isEqualTo(1);
    assertThat(found.doubts(9)).isTrue();
    assertThat(found.verdict()).isEqualTo(Verdict.TRUSTED);
  }

  /** Ten labels that are in force already do not speak for five random new ones. */
  @Test
  void onlyFreshLabelsDecide() {
    List<LabelCheck> labels = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      labels.add(label(0, false));
    }
    assertThat(trust().of(labels).verdict()).isEqualTo(Verdict.TRUSTED);
    for (int i = 0; i < 5; i++) {
      labels.add(label(.15 + .17 * i, true));
    }
    assertThat(trust().of(labels).verdict()).isNotEqualTo(Verdict.TRUSTED);
  }
}
