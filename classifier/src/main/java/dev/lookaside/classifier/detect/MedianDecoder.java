package dev.lookaside.classifier.detect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The usual baseline: a median filter over the curve, then one threshold; runs that reach it are
 * the events.
 *
 * @param cells of the filter, odd; at the curve's edges it sees the cells that there are
 * @see <a href="https://dcase.community/challenge2023/task-sound-event-detection">the baseline of
 *     DCASE's sound event detection task</a>
 */
public record MedianDecoder(int cells) implements BoxDecoder {
  /** Half a second and a bit of 160 ms cells. */
  static final int USUAL_CELLS = 3;

  public MedianDecoder {
    if (cells < 1 || cells % 2 == 0 || cells > 999) {
      throw new DetectException("median cells \"%d\": must be odd, from 1 to 999".formatted(cells));
    }
  }

  /** The filtered curve. */
  float[] filtered(float[] scores) {
    float[] filtered = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      float[] near =
          Arrays.copyOfRange(
              scores, Math.max(0, i - cells / 2), Math.min(scores.length, i + cells / 2 + 1));
      Arrays.sort(near);
      int middle = near.length / 2;
      filtered[i] = near.length % 2 == 1 ? near[middle] : (near[middle - 1] + near[middle]) / 2;
    }
    return filtered;
  }

  @Override
  public List<Box> boxes(float[] scores, double cellSeconds, double threshold) {
    float[] curve = filtered(scores);
    List<Box> boxes = new ArrayList<>();
    int from = -1;
    double sum = 0;
    double peak = 0;
    for (int i = 0; i <= curve.length; i++) {
      boolean sounds = i < curve.length && curve[i] >= threshold;
      if (sounds) {
        from = from < 0 ? i : from;
        sum += curve[i];
        peak = Math.max(peak, curve[i]);
      } else if (from >= 0) {
        boxes.add(new Box(from * cellSeconds, i * cellSeconds, sum / (i - from), peak));
        from = -1;
        sum = 0;
        peak = 0;
      }
    }
    return boxes;
  }

  @Override
  public Pieces pieces(float[] scores, double cellSeconds) {
    double[] edges = new double[scores.length + 1];
    for (int i = 0; i < edges.length; i++) {
      edges[i] = i * cellSeconds;
    }
    return new Pieces(edges, filtered(scores));
  }
}
