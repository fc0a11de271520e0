package dev.lookaside.deploy.demo;

import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;

/**
 * How many windows a stream without gaps must give, from its length alone: written down a second
 * time, independent of the code that slices, so that a lost or doubled window cannot hide.
 */
public final class ExpectedWindows {
  private ExpectedWindows() {}

  /**
   * Windows of a whole stream that starts at sample 0 and ends with its last chunk. They have the
   * indices 0 to the result - 1.
   *
   * @param samples native samples, 0 or more
   * @param rateHz their rate
   */
  public static long count(long samples, int rateHz, FeatureSpec spec) {
    if (samples < 0 || rateHz <= 0) {
      throw new IllegalArgumentException(
          "samples \"" + samples + "\", rateHz \"" + rateHz + "\": must be 0 or more, above 0");
    }
    FrontEnd frontEnd = spec.frontEnd();
    // A resampled sample exists where its position lies before the end of the signal.
    long resampled = ceilDiv(samples * frontEnd.rateHz(), rateHz);
    long frames = frontEnd.frameCount(resampled);
    if (frames == 0) {
      return 0;
    }
    if (frames <= spec.windowFrames()) {
      return 1;
    }
    // Whole windows, and one more, padded, if they leave frames over.
    return 1 + ceilDiv(frames - spec.windowFrames(), spec.hopFrames());
  }

  private static long ceilDiv(long a, long b) {
    return (a + b - 1) / b;
  }
}
