package dev.lookaside.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.fit.Schedule.Moment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {
  private static final int STEPS_PER_EPOCH = 10;
  private static final int EPOCHS = 30;

  private static double at(Schedule schedule, double epoch) {
    long step = Math.round(epoch * STEPS_PER_EPOCH);
    return schedule.share(new Moment(step, STEPS_PER_EPOCH, EPOCHS));
  }

  @Test
  void constantIsOneThroughout() {
    Schedule constant = Schedule.of("constant", 0, 0);
    assertThat(at(constant, 0)).isEqualTo(1);
    assertThat(at(constant, 29.9)).isEqualTo(1);
  }

  @Test
  void epicSoundsWarmsUpForTwoEpochsAndFallsAtTenAndTwenty() {
    Schedule epic = Schedule.of("steps:10=0.05,20=0.01", 2, 0.01);
    assertThat(at(epic, 0)).isEqualTo(0.01);
    assertThat(at(epic, 1)).isCloseTo(0.505, within(1e-12));
    assertThat(at(epic, 2)).isEqualTo(1);
    assertThat(at(epic, 9.9)).isEqualTo(1);
    assertThat(at(epic, 10)).isEqualTo(0.05);
    assertThat(at(epic, 19.9)).isEqualTo(0.05);
    assertThat(at(epic, 20)).isEqualTo(0.01);
  }

  @Test
  void astsDecayMultipliesAtEveryEpochFromTheFifth() {
    Schedule ast = Schedule.of("decay:5=0.85", 0, 0);
    assertThat(at(ast, 4.9)).isEqualTo(1);
    assertThat(at(ast, 5)).isEqualTo(0.85);
    assertThat(at(ast, 5.9)).isEqualTo(0.85);
    assertThat(at(ast, 7)).isCloseTo(0.85 * 0.85 * 0.85, within(1e-12));
    assertThat(new Schedule.Decay(10, 5, 0.5).share(new Moment(160, 10, 30))).isEqualTo(0.25);
  }

  @Test
  void cosineFallsFromOneAfterTheWarmUpToZeroAtTheEnd() {
    Schedule cosine = Schedule.of("cosine", 6, 0);
    assertThat(at(cosine, 3)).isEqualTo(0.5);
    assertThat(at(cosine, 6)).isEqualTo(1);
    assertThat(at(cosine, 18)).isCloseTo(0.5, within(1e-12));
    assertThat(at(cosine, 30)).isCloseTo(0, within(1e-12));
    for (int step = 60; step < 300; step++) {
      assertThat(cosine.share(new Moment(step + 1, 10, 30)))
          .isLessThan(cosine.share(new Moment(step, 10, 30)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"linear", "steps", "steps:10", "steps:x=1", "decay:1=0.5,2=0.5", ""})
  void refusesOtherTextsByName(String text) {
    assertThatThrownBy(() -> Schedule.of(text, 0, 0))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("schedule \"" + text + "\"");
  }
}
