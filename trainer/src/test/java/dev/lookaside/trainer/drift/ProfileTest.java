package dev.lookaside.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProfileTest {
  private static final float[] ON = {.5f, .5f};
  private static final float[] OFF = {.3f, .3f};

  private static Sample look(float... posteriors) {
    float[][] rows = new float[posteriors.length][];
    for (int r = 0; r < rows.length; r++) {
      rows[r] = new float[] {posteriors[r], .001f};
    }
    return new Sample(2, 1.2, new float[rows.length][0], rows);
  }

  @Test
  void divergencesAreThoseOfPaper() {
    long[] half = {5, 5};
    assertThat(Profile.jensenShannon(half, 10, new long[] {50, 50}, 100)).isEqualTo(0);
    assertThat(Profile.jensenShannon(new long[] {3, 0}, 3, new long[] {0, 9}, 9))
        .isCloseTo(1, within(1e-12));
    assertThat(Profile.jensenShannon(half, 10, new long[] {4, 0}, 4))
        .isCloseTo(.311278, within(1e-6));
  }

  /** The second class is the same on both sides and halves what the first one says. */
  @Test
  void divergenceIsTheMeanOverClasses() {
    Profile low = new Profile(2);
    low.add(look(.001f, .001f), 1, ON, OFF);
    Profile high = new Profile(2);
    high.add(look(.99f, .99f), 1, ON, OFF);
    assertThat(low.divergence(high)).isCloseTo(.5, within(1e-12));
    assertThat(low.divergence(low)).isEqualTo(0);
  }

  /** It begins at on, lasts while it is not below off, and only whole windows asked for count. */
  @Test
  void eventsAreCountedWithHysteresis() {
    Profile profile = new Profile(2);
    profile.add(look(.6f, .4f, .6f, .2f, .4f, .5f, .9f, .9f), 3, ON, OFF);
    ClassShift shift = profile.shifts(List.of("a", "b"), profile).get(0);
    assertThat(shift.eventsPerHour()).isCloseTo(2 * 3600 / 3.6, within(1e-9));
    assertThat(shift.posterior()).isCloseTo((.6 + .4 + .6 + .2 + .4 + .5) / 6, within(1e-6));
    assertThat(profile.shifts(List.of("a", "b"), profile).get(1).eventsPerHour()).isEqualTo(0);
  }
}
