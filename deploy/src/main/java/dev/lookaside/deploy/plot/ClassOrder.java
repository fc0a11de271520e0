package dev.lookaside.deploy.plot;

import java.awt.Color;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Which classes a picture shows in colour: those with events first, then the highest curves, at
 * most ten.
 */
final class ClassOrder {
  private static final int MAX_SHOWN = 10;

  /** A curve that never gets here is one of many grey ones. */
  private static final float LEAST_PEAK = 0.2f;

  private final List<Integer> shown = new ArrayList<>();
  private final float[] peaks;
  private final int[] eventCounts;

  ClassOrder(Scene scene) {
    int classes = scene.labels().size();
    peaks = new float[classes];
    eventCounts = new int[classes];
    for (float[] point : scene.curve().values()) {
      for (int c = 0; c < classes; c++) {
        peaks[c] = point[c] > peaks[c] ? point[c] : peaks[c];
      }
    }
    for (Scene.Event event : scene.events()) {
      int c = scene.labels().indexOf(event.label());
      if (c >= 0) {
        eventCounts[c]++;
      }
    }
    List<Integer> all = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      all.add(c);
    }
    all.sort(
        Comparator.<Integer>comparingInt(c -> eventCounts[c] > 0 ? 0 : 1)
            .thenComparing(c -> -peaks[c]));
    for (int c : all) {
      if (shown.size() < MAX_SHOWN && (eventCounts[c] > 0 || peaks[c] >= LEAST_PEAK)) {
        shown.add(c);
      }
    }
  }

  /** Class numbers, the most informative first. */
  List<Integer> shown() {
    return shown;
  }

  float peak(int c) {
    return peaks[c];
  }

  boolean hasEvents(int c) {
    return eventCounts[c] > 0;
  }

  Color color(int c) {
    int rank = shown.indexOf(c);
    return rank < 0 ? Palette.SOFT_INK : Palette.ofClass(rank);
  }
}
