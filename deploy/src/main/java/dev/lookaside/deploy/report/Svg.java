package dev.lookaside.deploy.report;

import java.util.List;
import java.util.Locale;

/** The few shapes that charts need. Coordinates are the picture's own units. */
final class Svg {
  private final StringBuilder text = new StringBuilder();
  private final int width;
  private final int height;

  /**
   * @param title for screen readers
   */
  Svg(int width, int height, String title) {
    this.width = width;
    this.height = height;
    text.append("<title>").append(escaped(title)).append("</title>");
  }

  Svg line(double x0, double y0, double x1, double y1, String css) {
    return add("<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' class='%s'/>", x0, y0, x1, y1, css);
  }

  Svg path(List<double[]> points, String css) {
    if (!points.isEmpty()) {
      text.append("<path class='").append(css).append("' d='");
      for (int i = 0; i < points.size(); i++) {
        text.append(i == 0 ? 'M' : 'L');
        text.append(format("%.1f %.1f", points.get(i)[0], points.get(i)[1]));
      }
      text.append("'/>");
    }
    return this;
  }

  /**
   * @param anchor start, middle or end
   */
  Svg label(double x, double y, String anchor, String words) {
    return add("<text x='%.1f' y='%.1f' text-anchor='%s'>%s</text>", x, y, anchor, escaped(words));
  }

  private Svg add(String format, Object... values) {
    text.append(format(format, values));
    return this;
  }

  @Override
  public String toString() {
    return "<svg viewBox='0 0 %d %d' role='img'>%s</svg>".formatted(width, height, text);
  }

  static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#39;")
        .replace("\"", "&quot;");
  }
}
