package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import java.util.ArrayList;
import java.util.Comparator;
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
public final class ChangePointDecoder {
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

  /**
   * A box.
   *
   * @param onsetSeconds from the curve's start
   * @param offsetSeconds after the onset
   * @param confidence mean of the curve in it
   * @param peak greatest value of the curve in it
   */
  public record Box(double onsetSeconds, double offsetSeconds, double confidence, double peak) {}

  public ChangePointDecoder(Settings settings) {
    this.settings = settings;
  }

  /**
   * What was found in a clip, with boxes for events.
   *
   * @param minConfidence per label; boxes below it are left out
   */
  public ClipDetections decode(ClipDetections clip, double[] minConfidence) {
    List<DetectedEvent> events = new ArrayList<>();
    for (int c = 0; c < clip.labels().size(); c++) {
      float[] scores = new float[clip.curve().length];
      for (int i = 0; i < scores.length; i++) {
        scores[i] = clip.curve()[i][c];
      }
      for (Box box : boxes(scores, clip.cellSeconds())) {
        if (box.confidence() >= minConfidence[c]) {
          events.add(
              new DetectedEvent(
                  clip.labels().get(c),
                  box.onsetSeconds(),
                  box.offsetSeconds(),
                  box.peak(),
                  box.confidence()));
        }
      }
    }
    events.sort(
        Comparator.comparingDouble(DetectedEvent::onsetSeconds)
            .thenComparing(e -> clip.labels().indexOf(e.label())));
    return clip.withEvents(events);
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
