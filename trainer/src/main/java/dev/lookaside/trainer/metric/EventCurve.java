package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Event counts of one label by collars and maximum matching at <em>every</em> threshold: what
 * {@link EventF1} would give for the runs of scores that reach it. One sweep per stream follows the
 * runs while the threshold falls, so the curve is exact and needs no grid.
 *
 * @see <a href="https://arxiv.org/abs/2201.13148">Ebbers, Haeb-Umbach, Serizel: Threshold
 *     Independent Evaluation of Sound Event Detection Scores, ICASSP 2022</a>
 */
public final class EventCurve {
  private EventCurve() {}

  /**
   * Counts at falling thresholds.
   *
   * @param truth true events of the label in all streams
   * @param curves of the label, at most one per stream
   * @return a step wherever the counts change; a threshold between two steps gives the counts of
   *     the greater one, a threshold above the first finds nothing
   * @throws IllegalArgumentException if a curve or event is of another label, or two curves are of
   *     one stream
   */
  public static List<Ranking.Step> steps(
      String label, List<Event> truth, List<ScoreCurve> curves, Collars collars) {
    for (Event event : truth) {
      requireLabel(label, event.label());
    }
    Map<String, List<Event>> truthOf = truth.stream().collect(Collectors.groupingBy(Event::stream));
    TreeSet<String> streams = new TreeSet<>();
    List<Delta> deltas = new ArrayList<>();
    for (ScoreCurve curve : curves) {
      requireLabel(label, curve.label());
      if (!streams.add(curve.stream())) {
        throw new IllegalArgumentException(
            "curves of stream \"" + curve.stream() + "\": must be one");
      }
      List<Event> its = truthOf.getOrDefault(curve.stream(), List.of());
      curve.sweep(new Follower(curve, its, collars, deltas));
    }
    return accumulate(deltas, truth.size());
  }

  private static void requireLabel(String expected, String label) {
    if (!label.equals(expected)) {
      throw new IllegalArgumentException("label \"" + label + "\": must be \"" + expected + "\"");
    }
  }

  private static List<Ranking.Step> accumulate(List<Delta> deltas, int truths) {
    List<Delta> ranked =
        deltas.stream().sorted(Comparator.comparingDouble(Delta::threshold).reversed()).toList();
    List<Ranking.Step> steps = new ArrayList<>();
    Counts before = new Counts(0, 0, truths);
    int matched = 0;
    int found = 0;
    for (int i = 0; i < ranked.size(); i++) {
      matched += ranked.get(i).matched;
      found += ranked.get(i).found;
      double threshold = ranked.get(i).threshold;
      boolean last = i + 1 == ranked.size() || ranked.get(i + 1).threshold != threshold;
      Counts counts = new Counts(matched, found - matched, truths - matched);
      if (last && !counts.equals(before)) {
        steps.add(new Ranking.Step(threshold, counts));
        before = counts;
      }
    }
    return steps;
  }

  /** How many more (or fewer) pairs and detections a stream has from a threshold down. */
  private record Delta(double threshold, int matched, int found) {}

  /** Matches the runs of one curve with its truth after every change. */
  private static final class Follower implements ScoreCurve.Runs {
    private final ScoreCurve curve;
    private final List<Event> truth;
    private final Collars collars;
    private final List<Delta> deltas;
    // End of the run that begins with a piece, 0 where none begins.
    private final int[] untilOf;
    // Pieces that could begin a match, and for each true event the range of them within its collar.
    private final int[] starts;
    private final int[][] rangeOf;
    private int runs;
    private int reportedRuns;
    private int reportedMatches;

    private Follower(ScoreCurve curve, List<Event> truth, Collars collars, List<Delta> deltas) {
      this.curve = curve;
      this.truth = truth;
      this.collars = collars;
      this.deltas = deltas;
      untilOf = new int[curve.pieces()];
      rangeOf = new int[truth.size()][];
      boolean[] near = new boolean[curve.pieces()];
      int[] piecesBefore = new int[curve.pieces() + 1];
      for (int t = 0; t < rangeOf.length; t++) {
        rangeOf[t] = nearPieces(truth.get(t));
        Arrays.fill(near, rangeOf[t][0], rangeOf[t][1], true);
      }
      int count = 0;
      int[] dense = new int[curve.pieces()];
      for (int p = 0; p < near.length; p++) {
        piecesBefore[p] = count;
        if (near[p]) {
          dense[count++] = p;
        }
      }
      piecesBefore[near.length] = count;
      starts = Arrays.copyOf(dense, count);
      for (int[] range : rangeOf) {
        range[0] = piecesBefore[range[0]];
        range[1] = piecesBefore[range[1]];
      }
    }

    /** Pieces {@code [from, until)} whose beginning is within the onset collar. */
    private int[] nearPieces(Event event) {
      int from = 0;
      while (from < curve.pieces()
          && event.onsetSeconds() - curve.edgeSeconds(from) > collars.onsetSeconds()) {
        from++;
      }
      int until = from;
      while (until < curve.pieces()
          && curve.edgeSeconds(until) - event.onsetSeconds() <= collars.onsetSeconds()) {
        until++;
      }
      return new int[] {from, until};
    }

    @Override
    public void added(int from, int until) {
      untilOf[from] = until;
      runs++;
    }

    @Override
    public void removed(int from, int until) {
      untilOf[from] = 0;
      runs--;
    }

    @Override
    public void settled(float threshold) {
      int matches = matches();
      if (matches != reportedMatches || runs != reportedRuns) {
        deltas.add(new Delta(threshold, matches - reportedMatches, runs - reportedRuns));
        reportedMatches = matches;
        reportedRuns = runs;
      }
    }

    private int matches() {
      List<int[]> edges = new ArrayList<>(rangeOf.length);
      for (int t = 0; t < rangeOf.length; t++) {
        int[] fitting = new int[rangeOf[t][1] - rangeOf[t][0]];
        int count = 0;
        for (int s = rangeOf[t][0]; s < rangeOf[t][1]; s++) {
          if (untilOf[starts[s]] > 0 && fits(truth.get(t), starts[s])) {
            fitting[count++] = s;
          }
        }
        edges.add(Arrays.copyOf(fitting, count));
      }
      int matches = 0;
      for (int right : BipartiteMatching.match(edges, starts.length)) {
        matches += right >= 0 ? 1 : 0;
      }
      return matches;
    }

    private boolean fits(Event event, int start) {
      return collars.accept(
          event,
          new Event(
              curve.stream(),
              curve.label(),
              curve.edgeSeconds(start),
              curve.edgeSeconds(untilOf[start])));
    }
  }
}
