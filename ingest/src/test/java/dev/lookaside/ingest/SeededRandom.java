package dev.lookaside.ingest;

import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Seeded randomness for property tests. Every run of a property has its own seed; a failure's
 * message holds the seed and the command that runs just that case again.
 */
public final class SeededRandom {
  /** Set it to run one case again: {@code -Dlookaside.seed=123}. */
  public static final String SEED_PROPERTY = "lookaside.seed";

  private static final long FIRST_SEED = 20_241_205L;

  private SeededRandom() {}

  /**
   * Runs {@code property} for {@code cases} seeds, or for the one seed that {@value #SEED_PROPERTY}
   * names.
   *
   * @throws AssertionError with the seed and the command to run it again when the property fails
   */
  public static void forAll(Class<?> test, int cases, Consumer<RandomGenerator> property) {
    Long only = Long.getLong(SEED_PROPERTY);
    if (only != null) {
      run(test, only, property);
      return;
    }
    for (int i = 0; i < cases; i++) {
      run(test, FIRST_SEED + i, property);
    }
  }

  /** A generator that gives the same numbers for the same seed on every JVM. */
  public static RandomGenerator of(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  private static void run(Class<?> test, long seed, Consumer<RandomGenerator> property) {
    try {
      property.accept(of(seed));
    } catch (AssertionError | RuntimeException e) {
      String command =
          "mvn test -Dtest=%s -Dsurefire.failIfNoSpecifiedTests=false -Dtest.jvm.args=-D%s=%d"
              .formatted(test.getSimpleName(), SEED_PROPERTY, seed);
      throw new AssertionError("seed " + seed + "; run it again: " + command, e);
    }
  }
}
