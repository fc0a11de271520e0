package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SeededRandomTest {
  @Test
  void failureNamesSeedAndCommand() {
    assertThatThrownBy(
            () ->
                SeededRandom.forAll(
                    SeededRandomTest.class, 3, r -> assertThat(r.nextInt(10)).isNegative()))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("-Dlookaside.seed=")
        .hasMessageContaining("-Dtest=SeededRandomTest");
  }

  @Test
  void sameSeedSameNumbers() {
    assertThat(SeededRandom.of(7).nextLong()).isEqualTo(SeededRandom.of(7).nextLong());
  }
}
