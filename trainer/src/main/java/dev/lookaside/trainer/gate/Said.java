package dev.lookaside.trainer.gate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one adapter said of one stretch.
 *
 * @param heard classes with an event that overlaps the stretch, the surest first, at most {@value
 *     #HEARD_MAX}
 * @param more how many other classes were heard
 * @param highest posterior of the judged class in the stretch; null if the adapter does not know it
 */
public record Said(List<Heard> heard, int more, @Nullable Double highest) {
  /** Reports stand in the ledger for ever: few numbers each. */
  static final int HEARD_MAX = 3;

  private static final double DECIMALS = 1e3;

  /**
   * A class that was heard.
   *
   * @param peak its highest posterior
   */
  public record Heard(String label, double peak) {
    /** Rounds to three decimals. */
    public Heard {
      peak = rounded(peak);
    }
  }

  /** Copies, and rounds to three decimals. */
  public Said {
    heard = List.copyOf(heard);
    highest = highest == null ? null : (Double) rounded(highest);
  }

  /**
   * The surest of what was heard.
   *
   * @param peaks by class
   * @param highest as in the record
   */
  public static Said of(Map<String, Double> peaks, @Nullable Double highest) {
    List<Heard> all = new ArrayList<>();
    peaks.forEach((label, peak) -> all.add(new Heard(label, peak)));
    all.sort(Comparator.comparingDouble(Heard::peak).reversed().thenComparing(Heard::label));
    int kept = Math.min(HEARD_MAX, all.size());
    return new Said(all.subList(0, kept), all.size() - kept, highest);
  }

  private static double rounded(double value) {
    return Math.rint(value * DECIMALS) / DECIMALS;
  }

  /**
   * For people, for example {@code nothing (siren at most 0.12)}.
   *
   * @param judged the class that somebody has judged
   */
  public String words(String judged) {
    StringBuilder words = new StringBuilder();
    for (Heard h : heard) {
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
    } else if (heard.stream().noneMatch(h -> h.label().equals(judged))) {
      words.append(String.format(Locale.ROOT, " (%s at most %.2f)", judged, highest));
    }
    return words.toString();
  }
}
