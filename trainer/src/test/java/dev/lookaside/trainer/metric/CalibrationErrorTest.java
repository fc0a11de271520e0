package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import org.junit.jupiter.api.Test;

class CalibrationErrorTest {
  /** Bins [0, .5) and [.5, 1]: |.2 - 0| of two and |.9 - .5| of two. */
  @Test
  void binsAreWeightedByWhatFallsIntoThem() {
    CalibrationError error = new CalibrationError(2);
    error.add(.1, false);
    error.add(.3, false);
    error.add(.8, false);
    error.add(1, true);
    assertThat(error.value()).isCloseTo((2 * .2 + 2 * .4) / 4, within(1e-12));
  }

  @Test
  void probabilitiesThatComeTrueAsOftenAsTheySayHaveAlmostNone() {
    SeededRandom.forAll(
        CalibrationErrorTest.class,
        20,
        random -> {
          CalibrationError honest = new CalibrationError(15);
          CalibrationError sure = new CalibrationError(15);
          for (int i = 0; i < 20_000; i++) {
            double p = random.nextDouble();
            honest.add(p, random.nextDouble() < p);
            sure.add(p < .5 ? 0 : 1, random.nextDouble() < p);
          }
          assertThat(honest.value()).isLessThan(.03);
          assertThat(sure.value()).isCloseTo(.25, within(.02));
        });
  }

  @Test
  void whatIsNoProbabilityIsRefused() {
    assertThat(new CalibrationError(3).value()).isNaN();
    assertThatThrownBy(() -> new CalibrationError(3).add(Double.NaN, true))
        .hasMessageContaining("probability \"NaN\"");
    assertThatThrownBy(() -> new CalibrationError(0)).hasMessageContaining("bins \"0\"");
  }
}
