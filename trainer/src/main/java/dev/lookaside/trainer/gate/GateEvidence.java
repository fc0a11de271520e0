package dev.lookaside.trainer.gate;

import java.util.Collections;
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
 * @param corrections by the id of the example; for people, no rule depends on them
 */
public record GateEvidence(
    String adapter,
    SortedMap<String, ClassEvidence> classes,
    double backgroundSeconds,
    int falseAlarms,
    double calibrationError,
    SortedMap<String, Correction> corrections) {
  /**
   * One class.
   *
   * @param examples different sounds of it that were judged
   * @param averagePrecision of its posterior over all moments of the scenes, 0 to 1
   * @param recall share of its events in which one of it was detected, 0 to 1: a posterior may rank
   *     every moment right and never reach a threshold
   */
  public record ClassEvidence(int examples, double averagePrecision, double recall) {}

  /**
   * What the adapter says of a stretch that somebody has corrected.
   *
   * @param wanted what should be heard, in words: a class, or {@code not} and a class
   * @param right whether it is heard so
   * @param heldOut false if the candidate was fitted on it: then it says what was learned, not what
   *     holds elsewhere
   * @param said what is heard there; null if that was not noted
   */
  public record Correction(String wanted, boolean right, boolean heldOut, @Nullable Said said) {}

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
