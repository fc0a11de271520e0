package dev.lookaside.featurizer;

/** Sample rate conversion with absolute sample positions. */
public final class Resampler {
  private Resampler() {}

  static String canonicalText() {
    return "resampler=1\n";
  }
}
