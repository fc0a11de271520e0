package dev.lookaside.classifier.detect;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Change-point boxes (cSEBB): per class, a box goes from where the curve rises most to where it
 * falls most, so its edges do not move with a threshold; its confidence is the curve's mean in it.
 *
 * <p>The change at a time is the mean of the curve over the next half of {@code stepSeconds} minus
 * that over the half before, 0 outside the clip. Its local maxima are onsets, the local minima
 * after them offsets, the clip's end the last one. Neighbouring boxes are one if the pause between
 * them is shallow for both. Boxes are joined from left to right; as a joined box's maximum only
 * grows, a second pass would join no more.
 *
 * <p>For whole clips: a stream would have to wait half a step for each edge, and for merging as
 * long as pauses stay shallow, which nothing bounds.
 *
 * @see <a href="https://arxiv.org/abs/2406.04212">Ebbers et al.: Sound Event Bounding Boxes</a>
 */
public final class ChangePointDecoder implements BoxDecoder {
  /** Added to both sides of the ratio of maximum and pause. */
  private static final double RATIO_EPSILON = 1e-3;

  private static final double ROUNDING = 1e-9;

  private final Settings settings;

  /**
   * The paper's three numbers.
   *
   * @param stepSeconds length of the step filter, above 0
   * @param absoluteMerge pauses are shallow if they fall short of the maximum by less, ...
   * @param relativeMerge ... and the maximum is less than so many times their minimum
   */
  public record Settings(double stepSeconds, double absoluteMerge, double relativeMerge) {
    /** The paper's values before tuning. */
    public static final Settings DEFAULT = new Settings(0.5, 1.0, 2.0);

    public Settings {
      if (!(stepSeconds > 0 && stepSeconds <= 60)) {
        throw new DetectException(
            "step seconds \"%s\": must be above 0 and at most 60".formatted(stepSeconds));
      }
      if (!(absoluteMerge >= 0 && relativeMerge >= 0)) {
        throw new DetectException(
            "merge thresholds \"%s, %s\": must be 0 or more"
                .formatted(absoluteMerge, relativeMerge));
      }
    }
  }

  public ChangePointDecoder(Settings settings) {
    this.settings = settings;
  }

  public Settings settings() {
    return settings;
  }

  @Override
  public List<Box> boxes(float[] scores, double cellSeconds, double threshold) {
    return boxes(scores, cellSeconds).stream().filter(b -> b.confidence() >= threshold).toList();
  }

  @Override
  public Pieces pieces(float[] scores, double cellSeconds) {
    List<Double> edges = new ArrayList<>(List.of(0.0));
    List<Float> levels = new ArrayList<>();
    for (Box box : boxes(scores, cellSeconds)) {
      if (box.onsetSeconds() > edges.get(edges.size() - 1)) {
        edges.add(box.onsetSeconds());
        levels.add(Float.NEGATIVE_INFINITY);
      }
      edges.add(box.offsetSeconds());
      levels.add((float) box.confidence());
    }
    float[] values = new float[levels.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = levels.get(i);
    }
    return new Pieces(edges.stream().mapToDouble(Double::doubleValue).toArray(), values);
  }

  /**
   * Boxes of one curve, whatever their confidence, by rising onset.
   *
   * @param scores one per cell, constant in it
   */
  public List<Box> boxes(float[] scores, double cellSeconds) {
    if (scores.length == 0) {
      return List.of();
    }
    Curve curve = Curve.of(scores, cellSeconds);
    List<Box> joined = new ArrayList<>();
    for (Box box : candidates(curve)) {
      Box last = joined.isEmpty() ? box : joined.get(joined.size() - 1);
      if (!joined.isEmpty() && shallow(curve, last, box)) {
        joined.set(joined.size() - 1, curve.box(last.onsetSeconds(), box.offsetSeconds()));
      } else {
        joined.add(box);
      }
    }
    return joined;
  }

  private List<Box> candidates(Curve curve) {
    double half = settings.stepSeconds() / 2;
    // The change is linear between these times, so its extremes are among them.
    TreeSet<Double> times = new TreeSet<>();
    for (int i = 0; i <= curve.cells(); i++) {
      for (double t : new double[] {i * curve.cellSeconds - half, i * curve.cellSeconds + half}) {
        times.add(Math.max(0, Math.min(curve.seconds(), t)));
      }
      times.add(i * curve.cellSeconds);
    }
    List<Box> boxes = new ArrayList<>();
    boolean rising = true;
    double onset = 0;
    double extremeTime = 0;
    double before = curve.change(0, half);
    double lastTime = 0;
    for (double t : times) {
      double change = curve.change(t, half);
      // What rounding tells apart is one time, or one level; of a level the first time counts.
      if (t - lastTime < ROUNDING || Math.abs(change - before) < ROUNDING) {
        continue;
      }
      if (change > before != rising) {
        if (rising) {
          onset = extremeTime;
        } else {
          boxes.add(curve.box(onset, extremeTime));
        }
        rising = !rising;
      }
      extremeTime = t;
      lastTime = t;
      before = change;
    }
    if (!rising) {
      boxes.add(curve.box(onset, curve.seconds()));
    }
    return boxes;
  }

  private boolean shallow(Curve curve, Box left, Box right) {
    double pause = curve.minimum(left.offsetSeconds(), right.onsetSeconds());
    return shallow(left.peak(), pause) && shallow(right.peak(), pause);
  }

  private boolean shallow(double peak, double pause) {
    double ratio = (peak + RATIO_EPSILON) / (pause + RATIO_EPSILON);
    return ratio < settings.relativeMerge() && peak - pause < settings.absoluteMerge();
  }

  /** A curve of cells and its integral up to each cell's start. */
  private static final class Curve {
    private final float[] scores;
    private final double cellSeconds;
    private final double[] integral;

    private Curve(float[] scores, double cellSeconds, double[] integral) {
      this.scores = scores;
      this.cellSeconds = cellSeconds;
      this.integral = integral;
    }

    static Curve of(float[] scores, double cellSeconds) {
      double[] integral = new double[scores.length + 1];
      for (int i = 0; i < scores.length; i++) {
        integral[i + 1] = integral[i] + scores[i] * cellSeconds;
      }
      return new Curve(scores, cellSeconds, integral);
    }

    int cells() {
      return scores.length;
    }

    double seconds() {
      return scores.length * cellSeconds;
    }

    private int cellAt(double t) {
      return Math.max(0, Math.min(scores.length - 1, (int) Math.floor(t / cellSeconds)));
    }

    private double integral(double t) {
      double inside = Math.max(0, Math.min(seconds(), t));
      int cell = cellAt(inside);
      return integral[cell] + (inside - cell * cellSeconds) * scores[cell];
    }

    double change(double t, double half) {
      return (integral(t + half) - 2 * integral(t) + integral(t - half)) / half;
    }

    Box box(double from, double until) {
      double peak = 0;
      for (int i = cellAt(from); i <= lastCell(until); i++) {
        peak = Math.max(peak, scores[i]);
      }
      return new Box(from, until, (integral(until) - integral(from)) / (until - from), peak);
    }

    double minimum(double from, double until) {
      double minimum = Double.POSITIVE_INFINITY;
      for (int i = cellAt(from); i <= lastCell(until); i++) {
        minimum = Math.min(minimum, scores[i]);
      }
      return minimum;
    }

    /** The cell that ends at or after {@code until}. */
    private int lastCell(double until) {
      return cellAt(Math.ceil(until / cellSeconds - 1e-9) * cellSeconds - cellSeconds / 2);
    }
  }
}
