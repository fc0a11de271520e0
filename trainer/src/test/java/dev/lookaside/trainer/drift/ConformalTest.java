package dev.lookaside.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.drift.Reference.Conformal;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConformalTest {
  private static double[] upTo(int count) {
    return IntStream.rangeClosed(1, count).mapToDouble(i -> count + 1 - i).toArray();
  }

  @Test
  void theBoundIsTheRankThatTheRateAsksFor() {
    assertThat(Conformal.bound(upTo(99), .01)).isEqualTo(99);
    assertThat(Conformal.bound(upTo(199), .01)).isEqualTo(198);
    assertThat(Conformal.bound(upTo(9), .5)).isEqualTo(5);
    assertThat(Conformal.bound(upTo(98), .01)).as("too few to tell").isInfinite();
    assertThat(Conformal.bound(new double[0], .5)).isInfinite();
  }

  /** Also where values repeat and tails are heavy. */
  @Test
  void theNextValueExceedsItNotMoreOftenThanSaid() {
    RandomGenerator random = SeededRandom.of(3);
    int trials = 20_000;
    int above = 0;
    for (int t = 0; t < trials; t++) {
      double[] values = new double[50];
      for (int i = 0; i < values.length; i++) {
        values[i] = heavy(random);
      }
      above += heavy(random) > Conformal.bound(values, .1) ? 1 : 0;
    }
    // Five standard deviations above .1.
    assertThat((double) above / trials).isBetween(.07, .1106);
  }

  private static double heavy(RandomGenerator random) {
    return random.nextInt(5) == 0 ? 1 : Math.pow(1 - random.nextDouble(), -2);
  }
}
