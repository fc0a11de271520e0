package dev.lookaside.trainer.evaluate;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Thresholds that a few sounds speak for, drawn towards what is known without them: the threshold
 * that the class has, or for a new class the middle one of the others. Log-odds are averaged, what
 * is known counting as much as {@value #KNOWN_SOUNDS} sounds. Pure.
 */
public final class SteadyThresholds {
  private static final int KNOWN_SOUNDS = 4;

  private SteadyThresholds() {}

  /**
   * Thresholds by label.
   *
   * @param found on sounds that the fit has not seen
   * @param sounds different ones of each class among these
   * @param before the adapter that knows without them
   */
  public static Map<String, Threshold> of(
      SortedMap<String, CalibratedPair> found, Map<String, Integer> sounds, Adapter before) {
    double[] others =
        before.thresholds().values().stream().mapToDouble(Threshold::on).sorted().toArray();
    double middle = others.length == 0 ? Threshold.DEFAULT.on() : others[others.length / 2];
    Map<String, Threshold> steady = new TreeMap<>();
    found.forEach(
        (label, pair) -> {
          Threshold own = before.thresholds().get(label);
          double known = own == null ? middle : own.on();
          int count = sounds.getOrDefault(label, 0);
          double on = between(pair.on(), count, known);
          // Rounding may lift it above.
          double off = Math.min(on, on * pair.off() / pair.on());
          steady.put(label, (own == null ? Threshold.DEFAULT : own).withPair(on, off));
        });
    return steady;
  }

  private static double between(double found, int sounds, double known) {
    double odds =
        (sounds * logOdds(found) + KNOWN_SOUNDS * logOdds(known)) / (sounds + KNOWN_SOUNDS);
    return share(odds);
  }

  static double logOdds(double share) {
    double inside = Math.max(1e-6, Math.min(1 - 1e-6, share));
    return StrictMath.log(inside / (1 - inside));
  }

  /** The inverse of {@link #logOdds}. */
  static double share(double logOdds) {
    return 1 / (1 + StrictMath.exp(-logOdds));
  }
}
