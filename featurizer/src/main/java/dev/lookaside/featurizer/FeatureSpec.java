package dev.lookaside.featurizer;

import dev.lookaside.ingest.Sha256;

/**
 * Which windows a model is given: window {@code k} holds the frames {@code [k * hopFrames, k *
 * hopFrames + windowFrames)} of the stream, so it is the same window whoever computes it.
 *
 * @param frontEnd how a frame is computed
 * @param windowFrames frames of one window, as the adapter file says
 * @param hopFrames frames from one window to the next, at most {@code windowFrames}: every frame is
 *     in some window
 */
public record FeatureSpec(FrontEnd frontEnd, int windowFrames, int hopFrames) {
  /** About eleven minutes of {@code ast-fbank}; keeps one window in a few tens of megabytes. */
  static final int MAX_WINDOW_FRAMES = 65_536;

  public FeatureSpec {
    if (windowFrames < 1 || windowFrames > MAX_WINDOW_FRAMES) {
      throw new IllegalArgumentException(
          "windowFrames \"%d\": must be in 1..%d".formatted(windowFrames, MAX_WINDOW_FRAMES));
    }
    if (hopFrames < 1 || hopFrames > windowFrames) {
      throw new IllegalArgumentException(
          "hopFrames \"%d\": must be in 1..windowFrames (%d)".formatted(hopFrames, windowFrames));
    }
  }

  /** Seconds from one window to the next. */
  public double hopSeconds() {
    return hopFrames * frontEnd.hopSeconds();
  }

  /** Seconds that one window lasts, counted in frame hops. */
  public double windowSeconds() {
    return windowFrames * frontEnd.hopSeconds();
  }

  /**
   * Names every constant that changes a feature's value or which windows exist: equal fingerprints
   * mean bit-identical windows of the same audio.
   *
   * @return 64 hexadecimal digits (SHA-256 of {@link #canonicalText()})
   */
  public String fingerprint() {
    return Sha256.hex(canonicalText());
  }

  /** What {@link #fingerprint()} digests: one {@code key=value} a line. */
  public String canonicalText() {
    return LogMel.canonicalText(frontEnd)
        + Resampler.canonicalText()
        + "window.frames="
        + windowFrames
        + "\nwindow.hop_frames="
        + hopFrames
        + "\n";
  }
}
