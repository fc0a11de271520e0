package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Event-based F1: a detection is right when a true event of its stream and label begins (and ends,
 * if asked) within a collar of it, and no event is used twice. Pairs are a <em>maximum</em>
 * bipartite matching, so the counts are the best possible and do not depend on the order of events
 * (sed_eval's {@code event_matching_type="optimal"}).
 *
 * @see Collars
 * @see <a href="https://doi.org/10.3390/app6060162">Mesaros, Heittola, Virtanen: Metrics for
 *     Polyphonic Sound Event Detection, Applied Sciences 6(6), 2016</a>
 */
public final class EventF1 {
  private static final Comparator<Event> BY_TIME =
      Comparator.comparing(Event::stream)
          .thenComparingDouble(Event::onsetSeconds)
          .thenComparingDouble(Event::offsetSeconds)
          .thenComparing(Event::label);

  private static final Comparator<Event> BY_GROUP =
      Comparator.comparing(Event::stream).thenComparing(Event::label).thenComparing(BY_TIME);

  private EventF1() {}

  /** Compares by onset alone. */
  public static EventScore of(List<Event> truth, List<Event> found, double onsetCollarSeconds) {
    return of(truth, found, Collars.onset(onsetCollarSeconds));
  }

  /**
   * Compares detections with the truth.
   *
   * @param truth true events of all streams, in any order
   * @param found detected events of all streams, in any order
   */
  public static EventScore of(List<Event> truth, List<Event> found, Collars collars) {
    List<Event> allTruth = truth.stream().sorted(BY_GROUP).toList();
    List<Event> allFound = found.stream().sorted(BY_GROUP).toList();
    SortedMap<String, Counts> classes = new TreeMap<>();
    List<EventScore.Match> matches = new ArrayList<>();
    List<Event> missed = new ArrayList<>();
    boolean[] used = new boolean[allFound.size()];
    int[] foundOf = match(allTruth, allFound, collars, true);
    for (int i = 0; i < foundOf.length; i++) {
      Event event = allTruth.get(i);
      if (foundOf[i] >= 0) {
        used[foundOf[i]] = true;
        matches.add(new EventScore.Match(event, allFound.get(foundOf[i])));
        classes.merge(event.label(), new Counts(1, 0, 0), Counts::plus);
      } else {
        missed.add(event);
        classes.merge(event.label(), new Counts(0, 0, 1), Counts::plus);
      }
    }
    List<Event> falseAlarms = new ArrayList<>();
    for (int i = 0; i < used.length; i++) {
      if (!used[i]) {
        falseAlarms.add(allFound.get(i));
        classes.merge(allFound.get(i).label(), new Counts(0, 1, 0), Counts::plus);
      }
    }
    return new EventScore(
        classes, matches, missed, falseAlarms, substitutions(missed, falseAlarms, collars));
  }

  /** Missed events and false alarms left over that fit each other but for the label. */
  private static long substitutions(List<Event> missed, List<Event> alarms, Collars collars) {
    List<Event> lefts = missed.stream().sorted(BY_TIME).toList();
    List<Event> rights = alarms.stream().sorted(BY_TIME).toList();
    long count = 0;
    for (int right : match(lefts, rights, collars, false)) {
      count += right >= 0 ? 1 : 0;
    }
    return count;
  }

  /**
   * Index into {@code found} for each true event, or -1.
   *
   * @param sameLabel with it both lists are sorted {@link #BY_GROUP}, else {@link #BY_TIME}
   */
  private static int[] match(
      List<Event> truth, List<Event> found, Collars collars, boolean sameLabel) {
    List<int[]> edges = new ArrayList<>(truth.size());
    int from = 0;
    for (Event event : truth) {
      while (from < found.size() && before(found.get(from), event, collars, sameLabel)) {
        from++;
      }
      List<Integer> near = new ArrayList<>();
      for (int i = from; i < found.size() && !after(found.get(i), event, collars, sameLabel); i++) {
        if (collars.accept(event, found.get(i))) {
          near.add(i);
        }
      }
      // The nearest onset first, so that shown pairs are the ones a reader would draw.
      near.sort(
          Comparator.comparingDouble(
              i -> Math.abs(found.get(i).onsetSeconds() - event.onsetSeconds())));
      edges.add(near.stream().mapToInt(Integer::intValue).toArray());
    }
    return BipartiteMatching.match(edges, found.size());
  }

  /** Whether {@code found} and all that sort before it are too early to fit {@code truth}. */
  private static boolean before(Event found, Event truth, Collars collars, boolean sameLabel) {
    int group = compareGroup(found, truth, sameLabel);
    boolean early = truth.onsetSeconds() - found.onsetSeconds() > collars.onsetSeconds();
    return group < 0 || (group == 0 && early);
  }

  /** Whether {@code found} and all that sort after it are too late to fit {@code truth}. */
  private static boolean after(Event found, Event truth, Collars collars, boolean sameLabel) {
    int group = compareGroup(found, truth, sameLabel);
    boolean late = found.onsetSeconds() - truth.onsetSeconds() > collars.onsetSeconds();
    return group > 0 || (group == 0 && late);
  }

  private static int compareGroup(Event one, Event other, boolean sameLabel) {
    int streams = one.stream().compareTo(other.stream());
    return streams != 0 || !sameLabel ? streams : one.label().compareTo(other.label());
  }
}
