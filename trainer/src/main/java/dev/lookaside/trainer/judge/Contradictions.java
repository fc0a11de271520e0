package dev.lookaside.trainer.judge;

import dev.lookaside.trainer.gate.Evidence.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * How far scores contradict names. Of a class that the incumbent knows it is the mean of three
 * shares, 0 where all agree with the name and 1 where none does:
 *
 * <ul>
 *   <li>of the other classes that the incumbent puts above it in the sound,
 *   <li>of the other classes that the fit without the sound puts above it there,
 *   <li>of other classes' sounds that this fit puts above the sound for the class.
 * </ul>
 *
 * Of a new class only the last one says anything: the incumbent does not know it, and a row that
 * begins at nothing stays below the others on few labels. How known names do by it is measured by
 * heads whose rows began at nothing, too. Pure.
 */
public final class Contradictions {
  private final List<String> labels;
  private final Set<String> known;
  private final List<Trial> trials;
  private final List<Score> before;
  private final List<Score> after;
  private final Map<Integer, float[]> others = new TreeMap<>();

  /**
   * @param labels in the order of the peaks
   * @param known of these, what the incumbent knows
   * @param before the incumbent's scores of the trials
   * @param after those of fits that have not seen them
   */
  public Contradictions(
      List<String> labels,
      Set<String> known,
      List<Trial> trials,
      List<Score> before,
      List<Score> after) {
    this.labels = labels;
    this.known = known;
    this.trials = trials;
    this.before = before;
    this.after = after;
  }

  /** Of the names that sounds have. */
  public double of(int trial) {
    String label = trials.get(trial).label();
    return label == null ? 0 : of(trial, labels.indexOf(label));
  }

  /**
   * Of sounds whose names are known to be right: by their own, or by every other known class's.
   *
   * @param asNew by the share alone that counts for a new class
   */
  public List<Double> reference(boolean right, boolean asNew) {
    List<Double> found = new ArrayList<>();
    for (int t = 0; t < trials.size(); t++) {
      Trial trial = trials.get(t);
      for (int c = 0; c < labels.size() && !trial.fromLabel(); c++) {
        String label = labels.get(c);
        if (known.contains(label) && label.equals(trial.label()) == right) {
          found.add(asNew ? soundsAbove(t, c) : of(t, c));
        }
      }
    }
    return found;
  }

  private double of(int trial, int label) {
    double sounds = soundsAbove(trial, label);
    return known.contains(labels.get(label))
        ? (sounds + classesAbove(after.get(trial), label) + classesAbove(before.get(trial), label))
            / 3
        : sounds;
  }

  private double classesAbove(Score score, int label) {
    float own = score.peaks()[label];
    IntPredicate above = c -> c != label && score.peaks()[c] > own;
    return share(above, score.peaks().length, labels.size() - 1);
  }

  private double soundsAbove(int trial, int label) {
    float[] peaks = others.computeIfAbsent(label, this::others);
    float own = after.get(trial).peaks()[label];
    return share(i -> peaks[i] > own, peaks.length, peaks.length);
  }

  private static double share(IntPredicate counts, int until, int all) {
    int counted = 0;
    for (int i = 0; i < until; i++) {
      counted += counts.test(i) ? 1 : 0;
    }
    return all <= 0 ? 0 : (double) counted / all;
  }

  /** Peaks of a class in other classes' sounds. */
  private float[] others(int label) {
    List<Float> peaks = new ArrayList<>();
    for (int t = 0; t < trials.size(); t++) {
      Trial trial = trials.get(t);
      if (!trial.fromLabel() && !labels.get(label).equals(trial.label())) {
        peaks.add(after.get(t).peaks()[label]);
      }
    }
    float[] all = new float[peaks.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = peaks.get(i);
    }
    return all;
  }

  /** The class that the fit without a sound puts first there. */
  public String predicted(int trial) {
    float[] peaks = after.get(trial).peaks();
    int best = 0;
    for (int c = 1; c < peaks.length; c++) {
      best = peaks[c] > peaks[best] ? c : best;
    }
    return labels.get(best);
  }
}
