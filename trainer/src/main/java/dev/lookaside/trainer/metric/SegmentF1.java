package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Segment-based F1 and error rate: time is cut into segments of equal length from 0, a label is
 * active in each that one of its events touches (onset rounded down, offset rounded up), and
 * activity is compared. Equal to laying out sed_eval's event rolls, but only points where something
 * changes are visited, so a day-long stream costs no more than its events.
 *
 * @see <a href="https://doi.org/10.3390/app6060162">Mesaros, Heittola, Virtanen: Metrics for
 *     Polyphonic Sound Event Detection, Applied Sciences 6(6), 2016</a>
 */
public final class SegmentF1 {
  private SegmentF1() {}

  /**
   * Compares activity.
   *
   * @param truth true events of all streams
   * @param found detected events of all streams
   * @param segmentSeconds length of a segment, usually 1
   * @throws IllegalArgumentException if the length is not positive and finite
   */
  public static SegmentScore of(List<Event> truth, List<Event> found, double segmentSeconds) {
    if (!(segmentSeconds > 0) || Double.isInfinite(segmentSeconds)) {
      throw new IllegalArgumentException(
          "segmentSeconds \"" + segmentSeconds + "\": must be finite and above 0");
    }
    Map<String, List<Event>> truthOf = truth.stream().collect(Collectors.groupingBy(Event::stream));
    Map<String, List<Event>> foundOf = found.stream().collect(Collectors.groupingBy(Event::stream));
    Tally tally = new Tally();
    Stream.concat(truthOf.keySet().stream(), foundOf.keySet().stream())
        .distinct()
        .forEach(
            stream -> {
              List<Event> itsTruth = truthOf.getOrDefault(stream, List.of());
              List<Event> itsFound = foundOf.getOrDefault(stream, List.of());
              tally.addStream(itsTruth, itsFound, segmentSeconds);
            });
    return new SegmentScore(tally.classes, tally.substitutions, tally.deletions, tally.insertions);
  }

  /** An event begins (+1) or ends (-1) to be active at a segment boundary. */
  private record Change(long segment, int label, boolean isTruth, int by) {}

  /** Sums over streams. */
  private static final class Tally {
    private final SortedMap<String, Counts> classes = new TreeMap<>();
    private long substitutions;
    private long deletions;
    private long insertions;

    private void addStream(List<Event> truth, List<Event> found, double segmentSeconds) {
      String[] labels =
          Stream.concat(truth.stream(), found.stream())
              .map(Event::label)
              .distinct()
              .sorted()
              .toArray(String[]::new);
      List<Change> changes = new ArrayList<>();
      addChanges(changes, truth, labels, true, segmentSeconds);
      addChanges(changes, found, labels, false, segmentSeconds);
      changes.sort((one, other) -> Long.compare(one.segment, other.segment));
      int[] truths = new int[labels.length];
      int[] founds = new int[labels.length];
      for (int i = 0; i < changes.size(); i++) {
        Change change = changes.get(i);
        if (i > 0 && change.segment > changes.get(i - 1).segment) {
          addSpan(labels, truths, founds, change.segment - changes.get(i - 1).segment);
        }
        (change.isTruth ? truths : founds)[change.label] += change.by;
      }
    }

    private static void addChanges(
        List<Change> changes,
        List<Event> events,
        String[] labels,
        boolean isTruth,
        double segmentSeconds) {
      for (Event event : events) {
        long from = (long) Math.floor(event.onsetSeconds() / segmentSeconds);
        long until = (long) Math.ceil(event.offsetSeconds() / segmentSeconds);
        int label = Arrays.binarySearch(labels, event.label());
        changes.add(new Change(from, label, isTruth, 1));
        changes.add(new Change(until, label, isTruth, -1));
      }
    }

    /** Counts {@code segments} segments in a row that have the same activity. */
    private void addSpan(String[] labels, int[] truths, int[] founds, long segments) {
      long trueOnly = 0;
      long foundOnly = 0;
      for (int l = 0; l < labels.length; l++) {
        boolean isTrue = truths[l] > 0;
        boolean isFound = founds[l] > 0;
        if (!isTrue && !isFound) {
          continue;
        }
        trueOnly += isTrue && !isFound ? 1 : 0;
        foundOnly += isFound && !isTrue ? 1 : 0;
        Counts counts =
            new Counts(
                isTrue && isFound ? segments : 0,
                isFound && !isTrue ? segments : 0,
                isTrue && !isFound ? segments : 0);
        classes.merge(labels[l], counts, Counts::plus);
      }
      substitutions += segments * Math.min(trueOnly, foundOnly);
      deletions += segments * Math.max(0, trueOnly - foundOnly);
      insertions += segments * Math.max(0, foundOnly - trueOnly);
    }
  }
}
