package dev.lookaside.classifier.infer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The batches given to the scorer, and those it has to be given again. Pure. */
final class ScoreBatches {
  /** The scorer finds the next batch ready when it has done one. */
  private static final int AHEAD = 2;

  private final ArrayDeque<ScoreBatch> underWay = new ArrayDeque<>();
  private final ArrayDeque<ScoreBatch> again = new ArrayDeque<>();
  private long next;

  boolean room() {
    return underWay.size() < AHEAD;
  }

  boolean idle() {
    return underWay.isEmpty();
  }

  /** A batch of these, now under way. */
  ScoreBatch start(List<ScoreBatch.Item> items) {
    ScoreBatch batch = new ScoreBatch(next++, items, false);
    underWay.addLast(batch);
    return batch;
  }

  /** The next one to be given again, now under way; null if there is none. */
  @Nullable ScoreBatch startAgain() {
    ScoreBatch batch = again.pollFirst();
    if (batch != null) {
      underWay.addLast(batch);
    }
    return batch;
  }

  /**
   * The scorer has done a batch.
   *
   * @throws IllegalStateException if another was to come first
   */
  ScoreBatch done(long number) {
    ScoreBatch first = underWay.removeFirst();
    if (first.number() != number) {
      throw new IllegalStateException(
          "batch %d done, but %d is first under way".formatted(number, first.number()));
    }
    return first;
  }

  /**
   * The scorer has failed. What was under way is given again, window by window, except a window
   * that failed it alone.
   *
   * @return windows that are given up
   */
  List<ScoreBatch.Item> failed() {
    List<ScoreBatch> back = new ArrayList<>(underWay);
    back.addAll(again);
    underWay.clear();
    again.clear();
    List<ScoreBatch.Item> givenUp = new ArrayList<>();
    boolean first = true;
    for (ScoreBatch b : back) {
      // The worker runs batches in order, so only the first can have failed it.
      if (first && b.retry()) {
        givenUp.addAll(b.items());
      } else {
        b.items().forEach(i -> again.addLast(new ScoreBatch(next++, List.of(i), true)));
      }
      first = false;
    }
    return givenUp;
  }
}
