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
record ScoreBatch(long number, List<Item> items, boolean retry) {
  /** A window and what is to score it, decided when it came. */
  record Item(GpuClassifier.Score score, AdapterPlan.Use use) {}

  List<AdaptedWindow> windows() {
    List<AdaptedWindow> windows = new ArrayList<>(items.size());
    for (Item i : items) {
      windows.add(new AdaptedWindow(i.score().window(), i.use().adapter()));
    }
    return windows;
  }

  /** Gives every window's asker its posteriors, in the order of the windows. */
  void answer(float[][] posteriors) {
    for (int i = 0; i < posteriors.length; i++) {
      Item item = items.get(i);
      MelWindow w = item.score().window();
      AdapterFacts facts = item.use().adapter().facts();
      item.score()
          .replyTo()
          .tell(new GpuClassifier.Scored(w.stream(), w.index(), posteriors[i], facts));
    }
  }
}
