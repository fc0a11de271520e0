package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.List;

/**
 * The score of one label along one stream, constant between edges. At a threshold it means
 * detections: the longest runs of pieces whose score is at least the threshold.
 */
public final class ScoreCurve {
  private final String stream;
  private final String label;
  private final double[] edgesSeconds;
  private final float[] scores;

  /**
   * Copies its arguments.
   *
   * @param stream stream or file
   * @param label class
   * @param edgesSeconds {@code pieces + 1} times on the stream's clock, strictly rising
   * @param scores one per piece, any scale, no NaN; negative infinity where nothing was scored,
   *     which no threshold reaches
   * @throws IllegalArgumentException if the lengths do not fit, an edge is not above the one before
   *     or a score is NaN
   */
  public ScoreCurve(String stream, String label, double[] edgesSeconds, float[] scores) {
    this.stream = stream;
    this.label = label;
    this.edgesSeconds = edgesSeconds.clone();
    this.scores = scores.clone();
    if (edgesSeconds.length != scores.length + 1) {
      throw new IllegalArgumentException(
          "edgesSeconds \"%d\": must be one more than the %d scores"
              .formatted(edgesSeconds.length, scores.length));
    }
    for (int i = 0; i < edgesSeconds.length; i++) {
      boolean rises = i == 0 || edgesSeconds[i] > edgesSeconds[i - 1];
      if (!rises || !Double.isFinite(edgesSeconds[i])) {
        throw new IllegalArgumentException(
            "edgesSeconds[%d] \"%s\": must be finite and above the edge before"
                .formatted(i, edgesSeconds[i]));
      }
    }
    for (int i = 0; i < scores.length; i++) {
      if (Float.isNaN(scores[i])) {
        throw new IllegalArgumentException("scores[" + i + "] \"NaN\": must be a number");
      }
    }
  }

  /** A curve of pieces of equal length; piece i begins at {@code fromSeconds + i * hopSeconds}. */
  public static ScoreCurve evenly(
      String stream, String label, double fromSeconds, double hopSeconds, float[] scores) {
    double[] edges = new double[scores.length + 1];
    for (int i = 0; i < edges.length; i++) {
      edges[i] = fromSeconds + i * hopSeconds;
    }
    return new ScoreCurve(stream, label, edges, scores);
  }

  /** Stream or file. */
  public String stream() {
    return stream;
  }

  /** Class. */
  public String label() {
    return label;
  }

  /** Number of pieces. */
  public int pieces() {
    return scores.length;
  }

  /** Score of a piece. */
  public float score(int piece) {
    return scores[piece];
  }

  /** Edge {@code index}, where piece {@code index} begins and the one before ends. */
  public double edgeSeconds(int index) {
    return edgesSeconds[index];
  }

  /** Detections at a threshold: runs of pieces whose score is at least it, in time order. */
  public List<Event> atLeast(double threshold) {
    List<Event> events = new ArrayList<>();
    int from = -1;
    for (int i = 0; i <= scores.length; i++) {
      boolean active =
          i < scores.length && scores[i] >= threshold && scores[i] > Float.NEGATIVE_INFINITY;
      if (active && from < 0) {
        from = i;
      } else if (!active && from >= 0) {
        events.add(new Event(stream, label, edgesSeconds[from], edgesSeconds[i]));
        from = -1;
      }
    }
    return events;
  }

  /**
   * Lowers the threshold through every distinct score and reports how the runs change. Work is a
   * sort plus a constant number of calls per piece.
   */
  void sweep(Runs listener) {
    double[] values = new double[scores.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = scores[i];
    }
    int[] order = Ranking.descending(values);
    // For the first and last piece of every run, the other end; unset elsewhere.
    int[] otherEnd = new int[scores.length];
    boolean[] active = new boolean[scores.length];
    for (int i = 0; i < order.length; i++) {
      int piece = order[i];
      float score = scores[piece];
      if (score == Float.NEGATIVE_INFINITY) {
        return;
      }
      active[piece] = true;
      int first = piece;
      int last = piece;
      if (piece > 0 && active[piece - 1]) {
        first = otherEnd[piece - 1];
        listener.removed(first, piece);
      }
      if (piece + 1 < scores.length && active[piece + 1]) {
        last = otherEnd[piece + 1];
        listener.removed(piece + 1, last + 1);
      }
      otherEnd[first] = last;
      otherEnd[last] = first;
      listener.added(first, last + 1);
      if (i + 1 == order.length || scores[order[i + 1]] != score) {
        listener.settled(score);
      }
    }
  }

  /** Is called as runs of active pieces change while the threshold falls. */
  interface Runs {
    /** A run of pieces {@code [from, until)} is there. */
    void added(int from, int until);

    /** A run that was added is gone. */
    void removed(int from, int until);

    /** The runs are now those at {@code threshold}. */
    void settled(float threshold);
  }
}
