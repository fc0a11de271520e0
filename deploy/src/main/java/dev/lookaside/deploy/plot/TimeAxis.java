package dev.lookaside.deploy.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Seconds to pixels, shared by all panels.
 *
 * @param left pixel of second 0
 * @param right pixel of the end
 * @param seconds length of the axis
 */
record TimeAxis(double left, double right, double seconds) {
  private static final double[] STEPS = {
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    14_400, 43_200
  };
  private static final double PIXELS_PER_TICK = 90;

  double x(double second) {
    return left + second / seconds * (right - left);
  }

  double width() {
    return right - left;
  }

  /** The step that leaves room for the labels. */
  double stepSeconds() {
    double least = seconds * PIXELS_PER_TICK / (right - left);
    for (double step : STEPS) {
      if (step >= least) {
        return step;
      }
    }
    return Math.ceil(least / 86_400) * 86_400;
  }

  List<Double> ticks() {
    double step = stepSeconds();
    List<Double> ticks = new ArrayList<>();
    for (int i = 0; i * step <= seconds * (1 + 1e-9); i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** Seconds up to two minutes, else minutes and hours as clocks show them. */
  String label(double second) {
    if (seconds <= 120) {
      double step = stepSeconds();
      int digits = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
      return String.format(Locale.ROOT, "%." + digits + "f", second);
    }
    long whole = Math.round(second);
    return whole >= 3600 || seconds >= 3600
        ? String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60);
  }

  String title() {
    return seconds <= 120 ? "seconds" : seconds < 3600 ? "min:s" : "h:min:s";
  }
}
