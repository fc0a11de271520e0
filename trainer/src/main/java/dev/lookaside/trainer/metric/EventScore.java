package dev.lookaside.trainer.metric;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Result of an event comparison.
 *
 * @param classes counts of every label that is true or found somewhere, by label
 * @param matches the pairs behind the true positives, by stream, label and true onset; every event
 *     is in at most one pair
 * @param missed true events in no pair, same order
 * @param falseAlarms found events in no pair, same order by found onset
 * @param substitutions missed events that a false alarm of another label explains (one each)
 */
public record EventScore(
    SortedMap<String, Counts> classes,
    List<Match> matches,
    List<Event> missed,
    List<Event> falseAlarms,
    long substitutions) {

  /** A true event and the detection it was matched with. */
  public record Match(Event truth, Event found) {}

  /** Copies. */
  public EventScore {
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
    matches = List.copyOf(matches);
    missed = List.copyOf(missed);
    falseAlarms = List.copyOf(falseAlarms);
  }

  /** Counts of all labels together. */
  public Counts total() {
    return ClassMeans.total(classes);
  }

  /** F1 of {@link #total}: every event weighs the same. NaN when nothing is true or found. */
  public double microF1() {
    return total().f1();
  }

  /**
   * Mean F1 over the labels that have truth: every such class weighs the same. A class that is only
   * found has no recall and is not in the mean (its false alarms lower {@link #microF1} alone), as
   * in sed_eval with {@code zero_score}. NaN when there is no truth.
   */
  public double macroF1() {
    return ClassMeans.macroF1(classes);
  }

  /**
   * (substitutions + deletions + insertions) / true events, where a substitution is one deletion
   * and one insertion less. Can exceed 1; NaN when there is no truth.
   */
  public double errorRate() {
    Counts total = total();
    long errors = total.falseNegatives() + total.falsePositives() - substitutions;
    return total.truth() == 0 ? Double.NaN : (double) errors / total.truth();
  }
}
