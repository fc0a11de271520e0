package dev.lookaside.trainer.example;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.featurizer.FrontEnd;
import java.util.Arrays;

/**
 * How a window is made of a clip's log-mel.
 *
 * @param frames of a window
 * @param mean and {@code std}: values are normalised as {@code (x - mean) / (2 std)}
 */
public record WindowSpec(FrontEnd frontEnd, int frames, float mean, float std) {
  /** The windows of an adapter. */
  public static WindowSpec of(Adapter adapter) {
    return new WindowSpec(
        adapter.frontEnd(), adapter.windowFrames(), adapter.mean(), adapter.std());
  }

  /** The windows of an adapter to be made. */
  public static WindowSpec of(AdapterFactory.Meaning meaning) {
    return new WindowSpec(
        meaning.frontEnd(), meaning.windowFrames(), meaning.mean(), meaning.std());
  }

  /** Values of a window. */
  public int values() {
    return frames * frontEnd.mels();
  }

  /**
   * Samples at the front end's rate that the frames of a window see, from the first one's start.
   */
  public int samples() {
    return Math.toIntExact(frontEnd.untilSample(frames - 1));
  }

  /**
   * Cuts or pads to the window's length, before normalisation: with zeros as AST does, with the
   * last frame again and again as EPIC-SOUNDS does, by the front end.
   *
   * @param logMel row-major {@code [any][mels]}; not retained
   * @param fromFrame first frame of the window
   */
  float[] cut(float[] logMel, int fromFrame) {
    int from = fromFrame * frontEnd.mels();
    float[] window = Arrays.copyOf(Arrays.copyOfRange(logMel, from, logMel.length), values());
    if (frontEnd == FrontEnd.EPIC_LOGMEL && logMel.length > from) {
      for (int i = logMel.length - from; i < window.length; i++) {
        window[i] = window[i - frontEnd.mels()];
      }
    }
    return window;
  }

  /** Normalises in place. */
  void normalise(float[] window) {
    float twoStd = 2 * std;
    for (int i = 0; i < window.length; i++) {
      window[i] = (window[i] - mean) / twoStd;
    }
  }
}
