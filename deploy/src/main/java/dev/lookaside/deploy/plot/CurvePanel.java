package dev.lookaside.deploy.plot;

import dev.lookaside.deploy.plot.Sheet.Align;
import java.awt.Color;
import java.awt.geom.Path2D;
import java.util.Locale;

/** Posteriors over time, one curve per class, with each shown class's threshold. */
final class CurvePanel {
  private static final double LEGEND_LINE = 22;

  private final Scene scene;
  private final ClassOrder order;

  CurvePanel(Scene scene, ClassOrder order) {
    this.scene = scene;
    this.order = order;
  }

  void draw(Sheet sheet, TimeAxis time, double top, double bottom) {
    for (int quarter = 0; quarter <= 4; quarter++) {
      double y = bottom - quarter / 4.0 * (bottom - top);
      sheet.line(time.left(), y, time.right(), y, 1, Palette.GRID);
      if (quarter % 2 == 0) {
        String text = quarter == 0 ? "0" : quarter == 4 ? "1" : "0.5";
        sheet.text(text, 15, time.left() - 11, y + 5, Align.RIGHT, Palette.INK);
      }
    }
    sheet.uprightText("posterior", 15, 26, (top + bottom) / 2, Palette.SOFT_INK);
    sheet.clip(time.left(), top - 2, time.right(), bottom + 2);
    for (int c = 0; c < scene.labels().size(); c++) {
      if (!order.shown().contains(c)) {
        sheet.stroke(path(c, time, top, bottom), 1, Palette.OTHER);
      }
    }
    for (int i = order.shown().size() - 1; i >= 0; i--) {
      int c = order.shown().get(i);
      if (order.hasEvents(c)) {
        double y = bottom - scene.onThresholds()[c] * (bottom - top);
        sheet.dashed(time.left(), y, time.right(), y, 1.2, Palette.faded(order.color(c), 150));
      }
      sheet.stroke(path(c, time, top, bottom), order.hasEvents(c) ? 2.4 : 1.4, color(c));
    }
    sheet.unclip();
    sheet.frame(time.left(), top, time.right(), bottom, Palette.FRAME);
    legend(sheet, time.right() + 24, top);
  }

  private Color color(int c) {
    return order.hasEvents(c) ? order.color(c) : Palette.faded(order.color(c), 170);
  }

  private void legend(Sheet sheet, double x, double top) {
    double y = top + 12;
    sheet.text("peak", 13, x + 226, y, Align.RIGHT, Palette.SOFT_INK);
    sheet.text("on at", 13, x + 276, y, Align.RIGHT, Palette.SOFT_INK);
    for (int c : order.shown()) {
      y += LEGEND_LINE;
      sheet.line(x, y - 5, x + 22, y - 5, order.hasEvents(c) ? 3.4 : 1.8, color(c));
      Color ink = order.hasEvents(c) ? Palette.INK : Palette.SOFT_INK;
      sheet.text(sheet.fitted(scene.labels().get(c), 15, 154), 15, x + 31, y, Align.LEFT, ink);
      sheet.text(decimals(order.peak(c)), 15, x + 226, y, Align.RIGHT, ink);
      sheet.text(decimals(scene.onThresholds()[c]), 15, x + 276, y, Align.RIGHT, ink);
    }
    int others = scene.labels().size() - order.shown().size();
    if (others > 0) {
      y += LEGEND_LINE;
      sheet.line(x, y - 5, x + 22, y - 5, 1.4, Palette.OTHER);
      sheet.text(
          others + (others == 1 ? " other" : " others"),
          15,
          x + 31,
          y,
          Align.LEFT,
          Palette.SOFT_INK);
    }
  }

  private Path2D path(int c, TimeAxis time, double top, double bottom) {
    Path2D path = new Path2D.Double();
    Scene.Curve curve = scene.curve();
    boolean pen = false;
    for (int i = 0; i < curve.values().length; i++) {
      float value = curve.values()[i][c];
      if (Float.isNaN(value)) {
        pen = false;
        continue;
      }
      double y = bottom - value * (bottom - top);
      double middle = curve.firstSeconds() + i * curve.stepSeconds();
      if (pen) {
        path.lineTo(time.x(middle), y);
      } else {
        // A cell's value holds for all of the cell: the ends of a curve reach the cells' edges.
        path.moveTo(time.x(middle - curve.stepSeconds() / 2), y);
        path.lineTo(time.x(middle), y);
      }
      pen = true;
      if (i + 1 == curve.values().length || Float.isNaN(curve.values()[i + 1][c])) {
        path.lineTo(time.x(Math.min(middle + curve.stepSeconds() / 2, time.seconds())), y);
      }
    }
    return path;
  }

  private static String decimals(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}
