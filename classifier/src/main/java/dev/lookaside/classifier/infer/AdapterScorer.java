package dev.lookaside.classifier.infer;

import dev.lookaside.featurizer.MelWindow;
import java.util.List;

/**
 * Whatever turns windows, each with its own adapter, into posteriors: {@link MixedScorer}, or a
 * stand-in. One caller at a time.
 */
public interface AdapterScorer extends AutoCloseable {
  /** A window and the adapter that scores it. */
  interface Input {
    MelWindow window();

    LoadedAdapter adapter();
  }

  /** {@link Input} and nothing else. */
  record AdaptedWindow(MelWindow window, LoadedAdapter adapter) implements Input {}

  /**
   * Scores windows together; the result depends on each window and its adapter alone.
   *
   * @param windows at least one; not retained
   * @return per window, row-major {@code [columns][labels]} of its adapter; the caller owns them
   * @throws ScorerException if the device failed; the scorer must then be closed and opened anew
   */
  float[][] score(List<? extends Input> windows);

  /** The device and why it was chosen, one line. */
  String deviceDescription();

  @Override
  void close();
}
