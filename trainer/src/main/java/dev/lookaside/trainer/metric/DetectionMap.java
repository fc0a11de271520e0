package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Mean average precision of scored detections at temporal intersection-over-union thresholds, step
 * by step as the EPIC-SOUNDS detection challenge computes it (its script descends from
 * ActivityNet's).
 *
 * <p>Per class, over all streams together, detections are walked by falling score. At each
 * threshold a detection takes, of the true events of its stream that no earlier detection took, the
 * one of greatest tIoU, if that reaches the threshold; else it is a false positive, and so is a
 * second detection of one event. AP is the area under the precision envelope (VOC 2011, all
 * points). mAP is the mean over the classes with truth; one that is never detected counts 0,
 * detections of classes without truth are dropped.
 *
 * <p>Where the script leaves the order to an unstable sort, equal scores are walked last given
 * first, and of equal tIoU the last given true event is taken: what the script does for up to 16
 * items. Two events of length 0 have tIoU 0 here, where the script divides 0 by 0.
 *
 * @see <a
 *     href="https://github.com/epic-kitchens/C10-epic-sounds-detection">C10-epic-sounds-detection,
 *     EvaluationCode</a>
 * @see <a href="https://arxiv.org/abs/2302.00646">Huh et al.: EPIC-SOUNDS, ICASSP 2023</a>
 */
public final class DetectionMap {
  /** Label that the challenge does not score. */
  public static final String EPIC_SOUNDS_REDACTED = "background";

  private DetectionMap() {}

  /**
   * The challenge's thresholds .1, .2, .3, .4, .5: the doubles of {@code numpy.linspace(.1, .5,
   * 5)}, the third of which is one step above .3, so a tIoU of exactly .3 does not reach it.
   */
  public static double[] epicSoundsThresholds() {
    return new double[] {0.1, 0.2, 0.30000000000000004, 0.4, 0.5};
  }

  /** Scores as the challenge does: its thresholds, its redacted class left out. */
  public static DetectionMapScore epicSounds(List<Event> truth, List<ScoredEvent> found) {
    return of(truth, found, epicSoundsThresholds(), Set.of(EPIC_SOUNDS_REDACTED));
  }

  /**
   * Scores detections.
   *
   * @param truth true events of all streams
   * @param found detections of all streams
   * @param tiouThresholds in (0, 1]
   * @param redacted labels left out of the truth, and so of the detections
   * @throws IllegalArgumentException if there is no threshold or one is out of range
   */
  public static DetectionMapScore of(
      List<Event> truth, List<ScoredEvent> found, double[] tiouThresholds, Set<String> redacted) {
    if (tiouThresholds.length == 0) {
      throw new IllegalArgumentException("tiouThresholds \"[]\": must not be empty");
    }
    for (double threshold : tiouThresholds) {
      if (!(threshold > 0 && threshold <= 1)) {
        throw new IllegalArgumentException(
            "tiouThresholds \"" + threshold + "\": must be above 0 and at most 1");
      }
    }
    SortedMap<String, List<Event>> truthOf =
        truth.stream()
            .filter(event -> !redacted.contains(event.label()))
            .collect(Collectors.groupingBy(Event::label, TreeMap::new, Collectors.toList()));
    Map<String, List<ScoredEvent>> foundOf =
        found.stream().collect(Collectors.groupingBy(detection -> detection.event().label()));
    SortedMap<String, List<Double>> classes = new TreeMap<>();
    truthOf.forEach(
        (label, events) -> {
          List<ScoredEvent> detections = foundOf.getOrDefault(label, List.of());
          classes.put(label, averagePrecisions(events, detections, tiouThresholds));
        });
    return new DetectionMapScore(Arrays.stream(tiouThresholds).boxed().toList(), classes);
  }

  /** AP of one class at each threshold; 0 without detections. */
  private static List<Double> averagePrecisions(
      List<Event> truth, List<ScoredEvent> found, double[] thresholds) {
    List<ScoredEvent> ranked = new ArrayList<>(found);
    Collections.reverse(ranked);
    ranked.sort(Comparator.comparingDouble(ScoredEvent::score).reversed());
    List<Event> truthFromTheEnd = new ArrayList<>(truth);
    Collections.reverse(truthFromTheEnd);
    Map<String, List<Candidate>> candidatesOf = new TreeMap<>();
    for (Event event : truthFromTheEnd) {
      candidatesOf
          .computeIfAbsent(event.stream(), stream -> new ArrayList<>())
          .add(new Candidate(event, thresholds.length));
    }
    boolean[][] right = new boolean[thresholds.length][ranked.size()];
    for (int i = 0; i < ranked.size(); i++) {
      Event detection = ranked.get(i).event();
      List<Candidate> candidates = candidatesOf.getOrDefault(detection.stream(), List.of());
      for (int t = 0; t < thresholds.length; t++) {
        right[t][i] = takeBest(detection, candidates, thresholds[t], t);
      }
    }
    List<Double> result = new ArrayList<>();
    for (boolean[] atThreshold : right) {
      result.add(averagePrecision(atThreshold, truth.size()));
    }
    return result;
  }

  /** A true event and at which thresholds it is taken. */
  private static final class Candidate {
    private final Event event;
    private final boolean[] taken;

    private Candidate(Event event, int thresholds) {
      this.event = event;
      taken = new boolean[thresholds];
    }
  }

  private static boolean takeBest(
      Event detection, List<Candidate> candidates, double threshold, int index) {
    Candidate best = null;
    double bestTiou = threshold;
    for (Candidate candidate : candidates) {
      if (candidate.taken[index]) {
        continue;
      }
      double tiou = tiou(detection, candidate.event);
      if (best == null ? tiou >= bestTiou : tiou > bestTiou) {
        best = candidate;
        bestTiou = tiou;
      }
    }
    if (best == null) {
      return false;
    }
    best.taken[index] = true;
    return true;
  }

  /** Seconds that both sound over seconds that one sounds, 0 to 1; labels are not looked at. */
  public static double tiou(Event one, Event other) {
    double intersection = one.intersectionSeconds(other);
    // The order of the additions is the script's.
    double union = other.lengthSeconds() + one.lengthSeconds() - intersection;
    return union > 0 ? intersection / union : 0;
  }

  /**
   * Area under the precision envelope.
   *
   * @param right whether each detection is right, by falling score
   */
  private static double averagePrecision(boolean[] right, int truths) {
    double[] precision = new double[right.length];
    int hits = 0;
    for (int i = 0; i < right.length; i++) {
      hits += right[i] ? 1 : 0;
      precision[i] = (double) hits / (i + 1);
    }
    double area = 0;
    double envelope = 0;
    for (int i = right.length - 1; i >= 0; i--) {
      envelope = Math.max(envelope, precision[i]);
      if (right[i]) {
        area += envelope;
      }
    }
    return area / truths;
  }
}
