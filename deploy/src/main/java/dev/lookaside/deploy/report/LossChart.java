package dev.lookaside.deploy.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Loss over steps: every step, faint, and the mean of each epoch; the learning rate beneath. */
final class LossChart {
  private static final int WIDTH = 880;
  private static final int HEIGHT = 330;
  private static final int LEFT = 58;
  private static final int RIGHT = 14;
  private static final int LOSS_BOTTOM = 226;
  private static final int RATE_TOP = 254;
  private static final int RATE_BOTTOM = 296;
  private static final int MAX_POINTS = 1200;
  private static final double[] NICE = {1, 2, 2.5, 5, 10};

  private final Steps steps;
  private final double lastStep;

  LossChart(Steps steps) {
    this.steps = steps;
    lastStep = steps.steps().get(steps.steps().size() - 1).step();
  }

  String svg() {
    List<Steps.Step> all = steps.thinned(MAX_POINTS);
    List<Steps.Step> epochs = steps.epochs();
    double most = all.stream().mapToDouble(Steps.Step::loss).max().orElseThrow();
    double step = niceStep(most / 4);
    double top = Math.ceil(most / step) * step;
    Svg svg =
        new Svg(
            WIDTH,
            HEIGHT,
            Svg.format(
                "Loss from %.3f to %.3f over %.0f steps",
                epochs.get(0).loss(), epochs.get(epochs.size() - 1).loss(), lastStep));
    for (double value = 0; value <= top + step / 2; value += step) {
      double y = y(value, top, 12, LOSS_BOTTOM);
      svg.line(LEFT, y, WIDTH - RIGHT, y, "grid");
      svg.label(LEFT - 8, y + 4, "end", Svg.format("%.3g", value));
    }
    svg.path(points(all, Steps.Step::loss, top, 12, LOSS_BOTTOM), "faint");
    svg.path(points(epochs, Steps.Step::loss, top, 12, LOSS_BOTTOM), "curve");
    double highest = all.stream().mapToDouble(Steps.Step::learningRate).max().orElseThrow();
    double rateTop = highest > 0 ? highest : 1;
    svg.line(LEFT, RATE_BOTTOM, WIDTH - RIGHT, RATE_BOTTOM, "grid");
    svg.path(points(all, Steps.Step::learningRate, rateTop, RATE_TOP, RATE_BOTTOM), "second");
    svg.label(LEFT - 8, RATE_TOP + 4, "end", Svg.format("%.1e", highest));
    svg.label(LEFT + 6, RATE_TOP - 8, "start", "learning rate");
    double everyStep = niceStep(lastStep / 8);
    for (double at = everyStep; at <= lastStep; at += everyStep) {
      svg.label(x(at), RATE_BOTTOM + 20, "middle", Svg.format("%,.0f", at));
    }
    svg.label(LEFT, RATE_BOTTOM + 20, "middle", "step");
    return svg.toString();
  }

  private List<double[]> points(
      List<Steps.Step> of, ToDoubleFunction<Steps.Step> value, double most, int top, int bottom) {
    List<double[]> points = new ArrayList<>();
    for (Steps.Step step : of) {
      points.add(new double[] {x(step.step()), y(value.applyAsDouble(step), most, top, bottom)});
    }
    return points;
  }

  private double x(double step) {
    return LEFT + step / lastStep * (WIDTH - RIGHT - LEFT);
  }

  private static double y(double value, double most, int top, int bottom) {
    return bottom - value / most * (bottom - top);
  }

  /** The least round number that is not below {@code least}. */
  static double niceStep(double least) {
    if (!(least > 0)) {
      return 1;
    }
    double power = Math.pow(10, Math.floor(Math.log10(least)));
    for (double nice : NICE) {
      if (nice * power >= least * (1 - 1e-9)) {
        return nice * power;
      }
    }
    return 10 * power;
  }
}
