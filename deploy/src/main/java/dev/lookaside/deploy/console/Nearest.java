package dev.lookaside.deploy.console;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/** The known word that a mistyped one was meant to be, by edit distance. */
public final class Nearest {
  private Nearest() {}

  /**
   * The nearest known words, none if all are far.
   *
   * @return those of the least distance, in order, if that is one or two slips and less than a
   *     third of the word
   */
  public static List<String> of(String typed, Collection<String> known) {
    TreeMap<Integer, List<String>> byDistance = new TreeMap<>();
    for (String word : known) {
      byDistance.computeIfAbsent(distance(typed, word), d -> new ArrayList<>()).add(word);
    }
    return byDistance.isEmpty() || byDistance.firstKey() > Math.min(2, (typed.length() + 1) / 3)
        ? List.of()
        : byDistance.firstEntry().getValue().stream().sorted().toList();
  }

  /**
   * As a question, {@code " (did you mean \"classify\"?)"}; empty if nothing is near.
   *
   * @param known all that it could be
   */
  public static String question(String typed, Collection<String> known) {
    List<String> nearest = of(typed, known);
    return nearest.isEmpty() ? "" : " (did you mean \"%s\"?)".formatted(nearest.get(0));
  }

  /**
   * Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other
   * (Damerau 1964, restricted: no part is edited twice).
   */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int substituted = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + substituted, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
