package dev.lookaside.classifier.infer;

import dev.lookaside.featurizer.MelWindow;
import java.util.ArrayList;
import java.util.List;

/**
 * Windows given to the scorer together.
 *
 * @param number counts batches
 * @param retry whether a scorer has failed on these windows before
 */
record ScoreBatch(long number, List<GpuClassifier.Score> scores, boolean retry) {
  List<MelWindow> windows() {
    List<MelWindow> windows = new ArrayList<>(scores.size());
    for (GpuClassifier.Score s : scores) {
      windows.add(s.window());
    }
    return windows;
  }
}
