package dev.lookaside.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TurnsTest {
  @Test
  void piecesAreRunInTurns() {
    List<String> ran = new ArrayList<>();
    Turns turns = new Turns().add("a", () -> ran.add("a")).add("b", () -> ran.add("b")).run(1, 2);
    assertThat(ran).containsExactly("a", "b", "a", "b", "a", "b");
    assertThat(turns.minimum("a")).isLessThanOrEqualTo(turns.median("a"));
  }

  @Test
  void anUnknownPieceIsNamed() {
    assertThatThrownBy(() -> new Turns().add("a", () -> {}).run(0, 1).minimum("b"))
        .hasMessage("work \"b\": must be one of [a]");
  }

  @Test
  void theMedianOfAnEvenNumberIsBetweenTheMiddleTwo() {
    assertThat(Turns.median(new double[] {9, 1, 2, 4})).isEqualTo(3);
  }

  @Test
  void figuresHaveThreeDigitsAndNoExponent() {
    assertThat(Report.plain(12_345.6)).isEqualTo("12,346");
    assertThat(Report.plain(0.00123)).isEqualTo("0.001");
    assertThat(Report.plain(1.234)).isEqualTo("1.23");
    assertThat(Report.plain(0)).isEqualTo("0");
  }
}
