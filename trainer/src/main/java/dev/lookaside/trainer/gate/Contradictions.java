package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.gate.Evidence.Sound;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

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
  private final List<Sound> sounds;
  private final Map<Integer, float[]> others = new TreeMap<>();

  /**
   * @param labels in the order of the peaks
   * @param known of these, what the incumbent knows
   * @param sounds as the incumbent scores them, and as fits do that have not seen them
   */
  public Contradictions(List<String> labels, Set<String> known, List<Sound> sounds) {
    this.labels = labels;
    this.known = known;
    this.sounds = sounds;
  }

  /** Of the names that sounds have. */
  public double of(int sound) {
    String label = sounds.get(sound).label();
    return label == null ? 0 : of(sounds.get(sound), labels.indexOf(label));
  }

  /**
   * Of sounds whose names are known to be right: by their own, or by every other known class's.
   *
   * @param asNew by the share alone that counts for a new class
   */
  public List<Double> reference(boolean right, boolean asNew) {
    List<Double> found = new ArrayList<>();
    for (Sound sound : sounds) {
      for (int c = 0; c < labels.size() && !sound.fromLabel(); c++) {
        String label = labels.get(c);
        if (known.contains(label) && label.equals(sound.label()) == right) {
          found.add(asNew ? soundsAbove(sound, c) : of(sound, c));
        }
      }
    }
    return found;
  }

  private double of(Sound sound, int label) {
    double above = soundsAbove(sound, label);
    return known.contains(labels.get(label))
        ? (above + classesAbove(sound.after(), label) + classesAbove(sound.before(), label)) / 3
        : above;
  }

  private double classesAbove(Score score, int label) {
    float own = score.peaks()[label];
    IntPredicate above = c -> c != label && score.peaks()[c] > own;
    return share(above, score.peaks().length, labels.size() - 1);
  }

  private double soundsAbove(Sound sound, int label) {
    float[] peaks = others.computeIfAbsent(label, this::others);
    float own = sound.after().peaks()[label];
    return share(i -> peaks[i] > own, peaks.length, peaks.length);
  }

  private static double share(IntPredicate counts, int until, int all) {
    long counted = IntStream.range(0, until).filter(counts).count();
    return all <= 0 ? 0 : (double) counted / all;
  }

  /** Peaks of a class in other classes' sounds. */
  private float[] others(int label) {
    List<Sound> named =
        sounds.stream()
            .filter(s -> !s.fromLabel() && !labels.get(label).equals(s.label()))
            .toList();
    float[] peaks = new float[named.size()];
    for (int i = 0; i < peaks.length; i++) {
      peaks[i] = named.get(i).after().peaks()[label];
    }
    return peaks;
  }

  /** The class that the fit without a sound puts first there. */
  public String predicted(int sound) {
    float[] peaks = sounds.get(sound).after().peaks();
    int best = 0;
    for (int c = 1; c < peaks.length; c++) {
      best = peaks[c] > peaks[best] ? c : best;
    }
    return labels.get(best);
  }
}
