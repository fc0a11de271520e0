package dev.lookaside.deploy.plot;

import dev.lookaside.deploy.plot.Sheet.Align;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Lays the panels out under one another, on one time axis, and writes the PNG. */
public final class Plot {
  /** Narrower pictures have no room for the legend. */
  public static final int MIN_WIDTH = 800;

  public static final int MAX_WIDTH = 16_000;

  private static final double LEFT = 104;
  private static final double RIGHT = 324;
  private static final double TOP = 92;
  private static final double MEL_HEIGHT = 360;
  private static final double CURVE_HEIGHT = 264;
  private static final double SPACE = 22;
  private static final double BOTTOM = 62;

  private Plot() {}

  /**
   * Draws the picture.
   *
   * @param width pixels, {@link #MIN_WIDTH} to {@link #MAX_WIDTH}; the height follows from the
   *     number of classes detected
   */
  public static BufferedImage draw(Scene scene, int width) {
    checkWidth(width);
    ClassOrder order = new ClassOrder(scene);
    EventPanel events = new EventPanel(scene, order);
    double curveTop = TOP + MEL_HEIGHT + SPACE;
    double eventTop = curveTop + CURVE_HEIGHT + SPACE;
    double end = eventTop + events.height();
    TimeAxis time = new TimeAxis(LEFT, width - RIGHT, scene.seconds());
    try (Sheet sheet = new Sheet(width, (int) Math.ceil(end + BOTTOM))) {
      heading(sheet, scene, width, LEFT);
      grid(sheet, time, curveTop, eventTop, end);
      new MelPanel(scene).draw(sheet, time, TOP, TOP + MEL_HEIGHT);
      new CurvePanel(scene, order).draw(sheet, time, curveTop, curveTop + CURVE_HEIGHT);
      events.draw(sheet, time, eventTop, end);
      return sheet.image();
    }
  }

  /**
   * Draws the picture into a PNG file.
   *
   * @throws IOException naming the file
   */
  public static void write(Scene scene, int width, Path file) throws IOException {
    write(draw(scene, width), file);
  }

  static void write(BufferedImage image, Path file) throws IOException {
    try (var out = Files.newOutputStream(file)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new IOException(file + ": this Java cannot write PNG");
      }
    }
  }

  /** Title and subtitle, from {@code left} on. */
  static void heading(Sheet sheet, Scene scene, int width, double left) {
    sheet.text(
        sheet.fitted(scene.title(), 27, width - 2 * left), 27, left, 44, Align.LEFT, Palette.INK);
    sheet.text(
        sheet.fitted(scene.subtitle(), 16, width - left - 40),
        16,
        left,
        72,
        Align.LEFT,
        Palette.SOFT_INK);
  }

  static void checkWidth(int width) {
    if (width < MIN_WIDTH || width > MAX_WIDTH) {
      throw new IllegalArgumentException(
          "width \"%d\": must be in %d..%d".formatted(width, MIN_WIDTH, MAX_WIDTH));
    }
  }

  private static void grid(
      Sheet sheet, TimeAxis time, double curveTop, double eventTop, double end) {
    for (double tick : time.ticks()) {
      double x = time.x(tick);
      sheet.line(x, curveTop, x, curveTop + CURVE_HEIGHT, 1, Palette.GRID);
      sheet.line(x, eventTop, x, end, 1, Palette.GRID);
      sheet.line(x, end, x, end + 6, 1, Palette.FRAME);
      sheet.text(time.label(tick), 15, x, end + 24, Align.CENTRE, Palette.INK);
    }
    sheet.text(
        time.title(),
        15,
        (time.left() + time.right()) / 2,
        end + 48,
        Align.CENTRE,
        Palette.SOFT_INK);
  }
}
