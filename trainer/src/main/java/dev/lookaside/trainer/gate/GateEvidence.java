package dev.lookaside.trainer.gate;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How one adapter did on held-out sounds.
 *
 * @param adapter its digest
 * @param classes that it knows and that sound in the held-out scenes
 * @param backgroundSeconds of audio in which none of its classes sounds
 * @param falseAlarms events that it heard there
 * @param calibrationError expected calibration error of its posteriors, 0 to 1
 * @param corrections by the id of the example
 * @param reference how it did on sounds that no label of the scope has named
 */
public record GateEvidence(
    String adapter,
    SortedMap<String, ClassEvidence> classes,
    double backgroundSeconds,
    int falseAlarms,
    double calibrationError,
    SortedMap<String, Correction> corrections,
    Reference reference) {
  /**
   * One class.
   *
   * @param examples different sounds of it that were judged
   * @param averagePrecision of its posterior over all moments of the scenes, 0 to 1
   * @param recall share of its events in which one of it was detected, 0 to 1: a posterior may rank
   *     every moment right and never reach a threshold
   * @param others events of other classes while none of it sounded
   * @param mistaken of these, how many it was detected in
   * @param ranks for each event of its own, in the order of the scenes, the share of these in which
   *     its posterior is lower, 0 to 1; empty without others
   */
  public record ClassEvidence(
      int examples,
      double averagePrecision,
      double recall,
      int others,
      int mistaken,
      List<Double> ranks) {
    /** Copies. */
    public ClassEvidence {
      ranks = List.copyOf(ranks);
    }

    /** Share of the pairs of an event of its own and one of others that are the right way round. */
    double ranked() {
      return ranks.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }
  }

  /**
   * On sounds from before there were labels, which wrong labels cannot bend.
   *
   * @param precisions average precision per class, over moments in which no labelled sound is heard
   * @param missed for each event that was not detected as what it is, the share of the other
   *     classes that the adapter found likelier there; empty where it knows too few classes
   */
  public record Reference(SortedMap<String, Double> precisions, List<Double> missed) {
    /** No such sounds. */
    public static final Reference NONE = new Reference(new TreeMap<>(), List.of());

    /** Copies. */
    public Reference {
      precisions = Collections.unmodifiableSortedMap(new TreeMap<>(precisions));
      missed = List.copyOf(missed);
    }
  }

  /**
   * What the adapter says of a stretch that somebody has corrected.
   *
   * @param wanted what should be heard, in words: a class, or {@code not} and a class
   * @param right whether it is heard so
   * @param heldOut false if the candidate was fitted on it: then it says what was learned, not what
   *     holds elsewhere
   * @param said what is heard there; null if that was not noted
   * @param likelier share of the other classes that the adapter found likelier there than the
   *     wanted one, 0 to 1; null if it does not know it, if a class was rejected, or if it knows
   *     too few classes
   */
  public record Correction(
      String wanted,
      boolean right,
      boolean heldOut,
      @Nullable Said said,
      @Nullable Double likelier) {}

  /** Copies. */
  public GateEvidence {
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
    corrections = Collections.unmodifiableSortedMap(new TreeMap<>(corrections));
  }

  /** False alarms on background; NaN without background. */
  public double falseAlarmsPerHour() {
    return backgroundSeconds > 0 ? falseAlarms * 3600 / backgroundSeconds : Double.NaN;
  }
}
