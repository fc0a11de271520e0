package dev.lookaside.deploy.plot;

import dev.lookaside.deploy.plot.Sheet.Align;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Where models look: the clip's log-mel with the chosen time and the window, and below it one
 * attention map per model on the (frequency, time) grid of patches, all with the same scale.
 */
public final class AttentionPlot {
  private static final double LEFT = 104;
  private static final double RIGHT = 124;
  private static final double STRIP_TOP = 92;
  private static final double STRIP_HEIGHT = 168;
  private static final double MAP_HEIGHT = 330;
  private static final double GAP = 34;
  private static final double CAPTION = 62;
  private static final double AXIS = 52;
  private static final int PER_ROW = 4;
  private static final int HEADS_PER_ROW = 4;
  private static final double HEAD_CAPTION = 24;

  private final AttentionScene scene;
  private final int width;
  private final int perRow;
  private final double panelWidth;
  private final double mostShare;
  private final double mostHeadShare;

  private AttentionPlot(AttentionScene scene, int width) {
    this.scene = scene;
    this.width = width;
    perRow = Math.min(PER_ROW, scene.views().size());
    panelWidth = Math.floor((width - LEFT - RIGHT - GAP * (perRow - 1)) / perRow);
    double most = 0;
    double mostOfHeads = 0;
    for (AttentionScene.View view : scene.views()) {
      most = Math.max(most, most(view.map().mean()));
      for (float[][] head : view.map().heads()) {
        mostOfHeads = Math.max(mostOfHeads, most(head));
      }
    }
    mostShare = Math.max(most, 1e-9);
    mostHeadShare = Math.max(mostOfHeads, 1e-9);
  }

  /**
   * Draws the picture.
   *
   * @param width pixels, {@link Plot#MIN_WIDTH} to {@link Plot#MAX_WIDTH}
   */
  public static BufferedImage draw(AttentionScene scene, int width) {
    Plot.checkWidth(width);
    return new AttentionPlot(scene, width).draw();
  }

  /**
   * Draws the picture into a PNG file.
   *
   * @throws IOException naming the file
   */
  public static void write(AttentionScene scene, int width, Path file) throws IOException {
    Plot.write(draw(scene, width), file);
  }

  private BufferedImage draw() {
    List<AttentionScene.View> views = scene.views();
    int rows = (views.size() + perRow - 1) / perRow;
    double top = STRIP_TOP + STRIP_HEIGHT + AXIS;
    try (Sheet sheet = new Sheet(width, (int) Math.ceil(top + rows * rowHeight() + 8))) {
      Plot.heading(sheet, scene.clip(), width, LEFT);
      strip(sheet);
      for (int i = 0; i < views.size(); i++) {
        double left = LEFT + i % perRow * (panelWidth + GAP);
        view(sheet, views.get(i), left, top + i / perRow * rowHeight(), i % perRow == 0);
      }
      scale(sheet, width - RIGHT + 24, top + CAPTION);
      return sheet.image();
    }
  }

  /** The whole clip: the window, and the chosen time. */
  private void strip(Sheet sheet) {
    Scene clip = scene.clip();
    TimeAxis time = new TimeAxis(LEFT, width - RIGHT, clip.seconds());
    double bottom = STRIP_TOP + STRIP_HEIGHT;
    new MelPanel(clip).draw(sheet, time, STRIP_TOP, bottom);
    axis(sheet, time, 0, bottom);
    sheet.clip(time.left(), STRIP_TOP, time.right(), bottom);
    for (AttentionScene.View view : scene.views()) {
      sheet.haloFrame(
          time.x(view.fromSeconds()),
          STRIP_TOP + 2,
          time.x(view.untilSeconds()),
          bottom - 2,
          Color.WHITE,
          Palette.INK);
    }
    double x = time.x(scene.atSeconds());
    sheet.line(x, STRIP_TOP, x, bottom, 4, Color.WHITE);
    sheet.line(x, STRIP_TOP, x, bottom, 2, Palette.ofClass(0));
    sheet.unclip();
  }

  private void view(
      Sheet sheet, AttentionScene.View view, double left, double top, boolean firstOfRow) {
    AttentionPanel panel = new AttentionPanel(view);
    double right = left + panelWidth;
    sheet.text(
        sheet.fitted(view.name(), 19, panelWidth), 19, left, top + 20, Align.LEFT, Palette.INK);
    sheet.text(
        sheet.fitted(view.detail(), 15, panelWidth),
        15,
        left,
        top + 44,
        Align.LEFT,
        Palette.SOFT_INK);
    double mapTop = top + CAPTION;
    double mapBottom = mapTop + MAP_HEIGHT;
    panel.draw(sheet, view.map().mean(), mostShare, true, left, mapTop, right, mapBottom);
    double seconds = view.untilSeconds() - view.fromSeconds();
    // The axis of the whole clip, moved so that the window lies on the panel.
    double clipLeft = left - view.fromSeconds() / seconds * panelWidth;
    axis(sheet, new TimeAxis(clipLeft, right, view.untilSeconds()), view.fromSeconds(), mapBottom);
    if (firstOfRow) {
      MelAxis.draw(sheet, view.frontEnd(), left, mapTop, mapBottom);
    }
    if (scene.heads()) {
      heads(sheet, view, panel, left, mapBottom + AXIS);
    }
  }

  private void heads(
      Sheet sheet, AttentionScene.View view, AttentionPanel panel, double left, double top) {
    double headWidth = headWidth();
    float[][][] heads = view.map().heads();
    for (int h = 0; h < heads.length; h++) {
      double x = left + h % HEADS_PER_ROW * (headWidth + 10);
      double y = top + h / HEADS_PER_ROW * (headHeight() + HEAD_CAPTION);
      String name = "head " + (h + 1);
      sheet.text(name, 14, x, y + 16, Align.LEFT, Palette.SOFT_INK);
      double mapTop = y + HEAD_CAPTION;
      panel.draw(
          sheet, heads[h], mostHeadShare, false, x, mapTop, x + headWidth, mapTop + headHeight());
    }
  }

  private double headWidth() {
    int inRow = Math.min(HEADS_PER_ROW, mostHeads());
    return Math.floor((panelWidth - 10 * (inRow - 1)) / inRow);
  }

  private double headHeight() {
    return Math.min(headWidth(), 120);
  }

  private int mostHeads() {
    return scene.views().stream().mapToInt(v -> v.map().heads().length).max().orElse(1);
  }

  private double rowHeight() {
    int headRows = scene.heads() ? (mostHeads() + HEADS_PER_ROW - 1) / HEADS_PER_ROW : 0;
    return CAPTION + MAP_HEIGHT + AXIS + headRows * (headHeight() + HEAD_CAPTION) + headRows * 4;
  }

  private static void axis(Sheet sheet, TimeAxis time, double fromSeconds, double y) {
    for (double tick : time.ticks()) {
      if (tick >= fromSeconds) {
        double x = time.x(tick);
        sheet.line(x, y, x, y + 6, 1, Palette.FRAME);
        sheet.text(time.label(tick), 15, x, y + 24, Align.CENTRE, Palette.INK);
      }
    }
  }

  /** What a tint means, for the maps and for those of single heads. */
  private void scale(Sheet sheet, double x, double top) {
    double bottom = top + MAP_HEIGHT;
    for (int y = 0; y < MAP_HEIGHT; y++) {
      Color color = new Color(Palette.tinted(1, 1 - y / (MAP_HEIGHT - 1)));
      sheet.bar(x, top + y, x + 14, top + y + 1, 0, color);
    }
    sheet.frame(x, top, x + 14, bottom, Palette.FRAME);
    for (int part = 0; part <= 4; part++) {
      double y = bottom - part / 4.0 * MAP_HEIGHT;
      sheet.line(x + 14, y, x + 18, y, 1, Palette.FRAME);
      sheet.text(percent(mostShare * part / 4), 15, x + 22, y + 5, Align.LEFT, Palette.INK);
    }
    sheet.uprightText(
        "share of the attention per patch", 15, x + 88, (top + bottom) / 2, Palette.SOFT_INK);
    if (scene.heads()) {
      double y = bottom + AXIS + HEAD_CAPTION;
      sheet.text("full tint:", 14, x, y + 14, Align.LEFT, Palette.SOFT_INK);
      sheet.text(percent(mostHeadShare), 14, x, y + 34, Align.LEFT, Palette.SOFT_INK);
    }
  }

  private static String percent(double share) {
    double value = 100 * share;
    return String.format(Locale.ROOT, value < 9.95 ? "%.1f %%" : "%.0f %%", value);
  }

  private static double most(float[][] shares) {
    double most = 0;
    for (float[] row : shares) {
      for (float share : row) {
        most = Math.max(most, share);
      }
    }
    return most;
  }
}
