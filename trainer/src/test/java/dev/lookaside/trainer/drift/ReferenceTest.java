package dev.lookaside.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/**
 * Made-up embeddings: kinds have means, recordings lie about them, moments about their recording. A
 * look holds some of the kinds, seldom or often.
 */
class ReferenceTest {
  private static final int WIDTH = 16;
  private static final int KINDS = 3;
  private static final int WINDOWS = 6;
  private static final int ROWS = 4;
  private static final float[] ON = {.5f, .5f};
  private static final float[] OFF = {.4f, .4f};

  /** How one stream differs from the reference's. */
  private record Change(double shift, double scale) {
    static final Change NONE = new Change(0, 1);
  }

  private record Drawn(Sample look, String[] kinds) {}

  private static float[][] kindMeans(RandomGenerator random) {
    float[][] means = new float[KINDS][WIDTH];
    for (float[] mean : means) {
      for (int d = 0; d < WIDTH; d++) {
        mean[d] = (float) (3 * random.nextGaussian());
      }
    }
    return means;
  }

  /** Kind 0 is the background; the others are the classes. */
  private static Drawn draw(RandomGenerator random, float[][] means, Change change) {
    int rows = WINDOWS * ROWS;
    float[][] embeddings = new float[rows][WIDTH];
    float[][] posteriors = new float[rows][KINDS - 1];
    String[] kinds = new String[rows];
    double busy = random.nextDouble();
    int only = random.nextInt(KINDS);
    float[] recording = new float[WIDTH];
    int kind = 0;
    for (int r = 0; r < rows; r++) {
      if (r % ROWS == 0) {
        kind = random.nextDouble() > busy ? 0 : only > 0 ? only : 1 + random.nextInt(KINDS - 1);
        for (int d = 0; d < WIDTH; d++) {
          recording[d] = (float) (.7 * random.nextGaussian());
        }
      }
      kinds[r] = "kind " + kind;
      for (int d = 0; d < WIDTH; d++) {
        double value = means[kind][d] + recording[d] + random.nextGaussian();
        embeddings[r][d] = (float) (change.scale * value + change.shift * (d % 2 == 0 ? 1 : -1));
      }
      for (int c = 0; c < KINDS - 1; c++) {
        double logit = (c + 1 == kind ? 3 : -4) + random.nextGaussian() + change.shift;
        posteriors[r][c] = (float) (1 / (1 + Math.exp(-logit)));
      }
    }
    return new Drawn(new Sample(ROWS, 1.28, embeddings, posteriors), kinds);
  }

  private static Reference reference(RandomGenerator random, float[][] means, double rate) {
    Reference.Builder builder = new Reference.Builder(List.of("a", "b"), ON, OFF, rate);
    for (int i = 0; i < 60; i++) {
      Drawn drawn = draw(random, means, Change.NONE);
      builder.fit(drawn.look, r -> drawn.kinds[r]);
    }
    Reference reference = builder.build();
    for (int i = 0; i < 100; i++) {
      reference.calibrate(draw(random, means, Change.NONE).look);
    }
    return reference;
  }

  @Test
  void streamsOfTheSameKindAreNotAboveMoreOftenThanSaid() {
    RandomGenerator random = SeededRandom.of(7);
    int above = 0;
    int looks = 0;
    for (int r = 0; r < 30; r++) {
      float[][] means = kindMeans(random);
      Reference reference = reference(random, means, .1);
      for (int i = 0; i < 100; i++) {
        above += reference.measure(draw(random, means, Change.NONE).look).above() ? 1 : 0;
        looks++;
      }
    }
    // The bound is met on average over references; 5 standard deviations of 30 of them above it.
    assertThat((double) above / looks).isBetween(.02, .14);
  }

  @Test
  void changedStreamsAreAbove() {
    SeededRandom.forAll(
        ReferenceTest.class,
        5,
        random -> {
          float[][] means = kindMeans(random);
          Reference reference = reference(random, means, .02);
          for (Change change : List.of(new Change(2, 1), new Change(0, 2), new Change(0, .1))) {
            int above = 0;
            for (int i = 0; i < 20; i++) {
              Measured measured = reference.measure(draw(random, means, change).look);
              above += measured.above() ? 1 : 0;
              assertThat(measured.calm() && measured.above()).isFalse();
            }
            assertThat(above).as(change.toString()).isGreaterThanOrEqualTo(15);
          }
        });
  }

  /** A short look says less, so its bounds are wider; what is measured is only what was heard. */
  @Test
  void boundsAreThoseOfAsManyWindows() {
    RandomGenerator random = SeededRandom.of(9);
    float[][] means = kindMeans(random);
    Reference reference = reference(random, means, .02);
    Sample whole = draw(random, means, Change.NONE).look;
    Sample part =
        new Sample(
            ROWS,
            1.28,
            java.util.Arrays.copyOf(whole.embeddings(), ROWS),
            java.util.Arrays.copyOf(whole.posteriors(), ROWS));
    Measured one = reference.measure(part);
    Measured six = reference.measure(whole);
    assertThat(one.embedding().bound()).isGreaterThan(six.embedding().bound());
    assertThat(one.posterior().bound()).isGreaterThan(six.posterior().bound());
    assertThat(one.seconds()).isEqualTo(1.28);
    assertThat(six.seconds()).isEqualTo(6 * 1.28);
    assertThat(six.embedding().calm()).isLessThanOrEqualTo(six.embedding().bound());
  }
}
