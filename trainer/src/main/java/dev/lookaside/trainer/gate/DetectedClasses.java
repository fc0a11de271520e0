package dev.lookaside.trainer.gate;

import com.fasterxml.jackson.annotation.JsonAlias;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one adapter detects in one interval.
 *
 * @param detected classes with an event that overlaps the interval, the surest first, at most
 *     {@value #DETECTED_MAX}
 * @param more how many other classes were detected
 * @param highest posterior of the labelled class in the interval; null if the adapter does not know
 *     it
 */
public record DetectedClasses(
    @JsonAlias("heard") List<Detected> detected, int more, @Nullable Double highest) {
  /** The ledger keeps reports for ever: few numbers each. */
  static final int DETECTED_MAX = 3;

  private static final double DECIMALS = 1e3;

  /**
   * A class that was detected.
   *
   * @param peak its highest posterior
   */
  public record Detected(String label, double peak) {
    /** Rounds to three decimals. */
    public Detected {
      peak = rounded(peak);
    }
  }

  /** Copies, and rounds to three decimals. */
  public DetectedClasses {
    detected = List.copyOf(detected);
    highest = highest == null ? null : (Double) rounded(highest);
  }

  /**
   * The surest of what was detected.
   *
   * @param peaks by class
   * @param highest as in the record
   */
  public static DetectedClasses of(Map<String, Double> peaks, @Nullable Double highest) {
    List<Detected> all = new ArrayList<>();
    peaks.forEach((label, peak) -> all.add(new Detected(label, peak)));
    all.sort(Comparator.comparingDouble(Detected::peak).reversed().thenComparing(Detected::label));
    int kept = Math.min(DETECTED_MAX, all.size());
    return new DetectedClasses(all.subList(0, kept), all.size() - kept, highest);
  }

  private static double rounded(double value) {
    return Math.rint(value * DECIMALS) / DECIMALS;
  }

  /**
   * For people, for example {@code nothing (siren at most 0.12)}.
   *
   * @param judged the class that the label is about
   */
  public String words(String judged) {
    StringBuilder words = new StringBuilder();
    for (Detected h : detected) {
      words.append(words.isEmpty() ? "" : ", ").append(h.label());
      words.append(String.format(Locale.ROOT, " (%.2f)", h.peak()));
    }
    if (more > 0) {
      words.append(" and ").append(more).append(" more");
    }
    if (words.isEmpty()) {
      words.append("nothing");
    }
    if (highest == null) {
      words.append(" (does not know ").append(judged).append(')');
    } else if (detected.stream().noneMatch(h -> h.label().equals(judged))) {
      words.append(String.format(Locale.ROOT, " (%s at most %.2f)", judged, highest));
    }
    return words.toString();
  }
}
