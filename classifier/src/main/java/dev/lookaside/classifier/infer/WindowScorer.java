package dev.lookaside.classifier.infer;

import dev.lookaside.featurizer.MelWindow;
import java.util.List;

/** Whatever turns windows into posteriors: {@link Scorer}, or a stand-in. One caller at a time. */
public interface WindowScorer extends AutoCloseable {
  /**
   * Scores windows together; the result depends on each window alone.
   *
   * @param windows at least one; not retained
   * @throws ScorerException if the device failed; the scorer must then be closed and opened anew
   */
  Scores score(List<MelWindow> windows);

  /** Digest of the adapter that {@link #score} uses now. */
  String adapterDigest();

  /** The device and why it was chosen, one line. */
  String deviceDescription();

  @Override
  void close();
}
