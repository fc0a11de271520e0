package dev.lookaside.deploy.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;

/**
 * A white page with the few marks a plot needs. Coordinates are pixels from the upper left corner.
 */
final class Sheet implements AutoCloseable {
  /** Where the given point is in relation to the text. */
  enum Align {
    LEFT,
    CENTRE,
    RIGHT
  }

  private final Typeface typeface = Typeface.bundled();
  private final BufferedImage image;
  private final Graphics2D graphics;

  Sheet(int width, int height) {
    image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    graphics = image.createGraphics();
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, width, height);
  }

  BufferedImage image() {
    return image;
  }

  double textWidth(String text, double size) {
    return typeface.width(text, size);
  }

  /** {@code y} is the baseline. */
  void text(String text, double size, double x, double y, Align align, Color color) {
    double left = left(text, size, x, align);
    graphics.setColor(color);
    graphics.fill(typeface.outline(text, size, left, y));
  }

  /** Reads upwards, centred on {@code y}. */
  void uprightText(String text, double size, double x, double y, Color color) {
    Path2D path = typeface.outline(text, size, -textWidth(text, size) / 2, 0);
    AffineTransform turn = AffineTransform.getTranslateInstance(x, y);
    turn.rotate(-Math.PI / 2);
    graphics.setColor(color);
    graphics.fill(turn.createTransformedShape(path));
  }

  /** Text with a halo in {@code halo}, readable on whatever is under it. */
  void haloText(
      String text, double size, double x, double y, Align align, Color color, Color halo) {
    Path2D path = typeface.outline(text, size, left(text, size, x, align), y);
    graphics.setColor(halo);
    graphics.setStroke(new BasicStroke(4, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(path);
    graphics.setColor(color);
    graphics.fill(path);
  }

  /** The longest beginning of {@code text} that fits, with an ellipsis if cut. */
  String fitted(String text, double size, double width) {
    if (textWidth(text, size) <= width) {
      return text;
    }
    String cut = text;
    while (!cut.isEmpty() && textWidth(cut + "…", size) > width) {
      cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
    }
    return cut + "…";
  }

  void line(double x0, double y0, double x1, double y1, double width, Color color) {
    stroke(new Line2D.Double(x0, y0, x1, y1), width, color);
  }

  void dashed(double x0, double y0, double x1, double y1, double width, Color color) {
    graphics.setColor(color);
    graphics.setStroke(
        new BasicStroke(
            (float) width,
            BasicStroke.CAP_BUTT,
            BasicStroke.JOIN_MITER,
            10,
            new float[] {7, 5},
            0));
    graphics.draw(new Line2D.Double(x0, y0, x1, y1));
  }

  void stroke(Shape shape, double width, Color color) {
    graphics.setColor(color);
    graphics.setStroke(
        new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    graphics.draw(shape);
  }

  void fill(Shape shape, Color color) {
    graphics.setColor(color);
    graphics.fill(shape);
  }

  void bar(double x0, double y0, double x1, double y1, double radius, Color color) {
    double width = Math.max(x1 - x0, 2);
    double round = Math.min(radius, width);
    fill(new RoundRectangle2D.Double(x0, y0, width, y1 - y0, round, round), color);
  }

  void frame(double x0, double y0, double x1, double y1, Color color) {
    stroke(new Rectangle2D.Double(x0, y0, x1 - x0, y1 - y0), 1, color);
  }

  /** A frame that shows on whatever is under it. */
  void haloFrame(double x0, double y0, double x1, double y1, Color color, Color halo) {
    Rectangle2D frame = new Rectangle2D.Double(x0, y0, x1 - x0, y1 - y0);
    stroke(frame, 4.5, Palette.faded(halo, 190));
    stroke(frame, 2.2, color);
  }

  /** Sharp edges: pixels as they are. */
  void pixels(BufferedImage part, int x, int y) {
    graphics.drawImage(part, x, y, null);
  }

  void clip(double x0, double y0, double x1, double y1) {
    graphics.setClip(new Rectangle2D.Double(x0, y0, x1 - x0, y1 - y0));
  }

  void unclip() {
    graphics.setClip(null);
  }

  @Override
  public void close() {
    graphics.dispose();
  }

  private double left(String text, double size, double x, Align align) {
    return switch (align) {
      case LEFT -> x;
      case CENTRE -> x - textWidth(text, size) / 2;
      case RIGHT -> x - textWidth(text, size);
    };
  }
}
