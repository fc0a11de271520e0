package dev.lookaside.trainer.example;

/** Seeds of independent draws: a fit needs the same numbers wherever it resumes. */
public final class Seeds {
  private Seeds() {}

  /** A seed for the place {@code path} under {@code seed}; equal for equal arguments. */
  public static long mix(long seed, long... path) {
    long mixed = scramble(seed);
    for (long part : path) {
      mixed = scramble(mixed ^ scramble(part + 0x9E3779B97F4A7C15L));
    }
    return mixed;
  }

  /** Stafford's variant 13 of MurmurHash3's finaliser, as in {@code SplittableRandom}. */
  private static long scramble(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
