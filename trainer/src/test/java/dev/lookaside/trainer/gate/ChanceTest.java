package dev.lookaside.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChanceTest {
  @Test
  void knownValues() {
    assertThat(Chance.atLeast(1, 1, .3)).isEqualTo(.3, within(1e-12));
    assertThat(Chance.atLeast(2, 2, .3)).isEqualTo(.09, within(1e-12));
    // 1 - .75^10 - 10 * .25 * .75^9
    assertThat(Chance.atLeast(2, 10, .25)).isEqualTo(.755975, within(1e-6));
    assertThat(Chance.atLeast(0, 0, .3)).isEqualTo(1);
    assertThat(Chance.atLeast(1, 0, .3)).isZero();
    assertThat(Chance.atLeast(1, 5, 0)).isZero();
    assertThat(Chance.atLeast(5, 5, 1)).isEqualTo(1);
    assertThat(Chance.atLeast(700, 1000, .5)).isBetween(1e-40, 1e-30);
  }

  @Test
  void itIsAsOftenAsItSays() {
    SeededRandom.forAll(
        ChanceTest.class,
        20,
        random -> {
          int trials = 1 + random.nextInt(12);
          int hits = random.nextInt(trials + 1);
          double share = random.nextDouble();
          int runs = 4000;
          int found = 0;
          for (int i = 0; i < runs; i++) {
            int own = 0;
            for (int t = 0; t < trials; t++) {
              own += random.nextDouble() < share ? 1 : 0;
            }
            found += own >= hits ? 1 : 0;
          }
          assertThat((double) found / runs)
              .isEqualTo(Chance.atLeast(hits, trials, share), within(.05));
        });
  }

  @Test
  void eventsWhereSomeAreExpected() {
    assertThat(Chance.atLeast(0, .5)).isEqualTo(1);
    assertThat(Chance.atLeast(1, .5)).isEqualTo(1 - Math.exp(-.5), within(1e-12));
    assertThat(Chance.atLeast(2, .5)).isEqualTo(1 - 1.5 * Math.exp(-.5), within(1e-12));
    assertThat(Chance.atLeast(1, 0.0)).isZero();
  }

  /** Of the six ways to lay two among two, each as likely. */
  @Test
  void ranksOfAFew() {
    assertThat(Chance.ranked(2, 2, 1)).isEqualTo(1 / 6.0, within(1e-12));
    assertThat(Chance.ranked(2, 2, .75)).isEqualTo(2 / 6.0, within(1e-12));
    assertThat(Chance.ranked(2, 2, .5)).isEqualTo(4 / 6.0, within(1e-12));
    assertThat(Chance.ranked(2, 2, 0)).isEqualTo(1, within(1e-12));
    assertThat(Chance.ranked(1, 19, 1)).isEqualTo(.05, within(1e-12));
    // Of 184,756 ways; the table of Mann and Whitney has .05 between 72 and 73.
    assertThat(Chance.ranked(10, 10, .73)).isLessThan(.05);
    assertThat(Chance.ranked(10, 10, .72)).isGreaterThan(.05);
    assertThat(Chance.ranked(20, 100, .5)).isBetween(.5, .51);
  }

  /** Of mean .5 and concentration 2 they are even: sums are those of Irwin and Hall. */
  @Test
  void sumsOfShares() {
    assertThat(Chance.summed(List.of(), .5, 2)).isEqualTo(1);
    assertThat(Chance.summed(List.of(.25), .5, 2)).isEqualTo(.75, within(.01));
    assertThat(Chance.summed(List.of(.9, .1), .5, 2)).isEqualTo(.5, within(.02));
    assertThat(Chance.summed(List.of(1.0, 1.0, .5), .5, 2)).isEqualTo(1 / 48.0, within(.002));
    // Mean .3, variance .3 * .7 / 6, so that the sum of 100 is normal with 30 and 1.87.
    List<Double> many = Collections.nCopies(100, .33);
    assertThat(Chance.summed(many, .3, 5)).isEqualTo(.054, within(.01));
  }
}
