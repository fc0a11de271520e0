package dev.lookaside.deploy.plot;

import dev.lookaside.classifier.weights.ViTSpec;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.Arrays;

/** One attention map as a tint over its window's log-mel, loud being dark as on paper. */
final class AttentionPanel {
  /** The loudest value's grey: what is looked at most must still show its tint. */
  private static final double DARKEST = 0.5;

  private final AttentionScene.View view;
  private final float low;
  private final float high;

  AttentionPanel(AttentionScene.View view) {
    this.view = view;
    float[] sorted = new float[view.logMel().length * view.logMel()[0].length];
    int n = 0;
    for (float[] frame : view.logMel()) {
      for (float value : frame) {
        sorted[n++] = value;
      }
    }
    Arrays.sort(sorted);
    low = sorted[(int) (0.1 * (n - 1))];
    high = Math.max(sorted[(int) (0.998 * (n - 1))], low + 1);
  }

  /**
   * Draws a map.
   *
   * @param shares {@code [rows][columns]}, row 0 at the bottom
   * @param most the share that has the full tint
   * @param marked whether the patches that look are outlined
   */
  void draw(
      Sheet sheet,
      float[][] shares,
      double most,
      boolean marked,
      double left,
      double top,
      double right,
      double bottom) {
    int width = (int) (right - left);
    int height = (int) (bottom - top);
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    float[][] mel = view.logMel();
    for (int x = 0; x < width; x++) {
      double frame = (x + 0.5) / width * mel.length;
      for (int y = 0; y < height; y++) {
        double bin = (height - y - 0.5) / height * mel[0].length;
        float value = mel[(int) frame][(int) bin];
        double loud = Math.min(Math.max((value - low) / (high - low), 0), 1);
        double share = shares[patch(bin, shares.length)][patch(frame, shares[0].length)];
        image.setRGB(x, y, Palette.tinted(1 - (1 - DARKEST) * loud, share / most));
      }
    }
    sheet.pixels(image, (int) left, (int) top);
    sheet.frame((int) left, (int) top, (int) left + width, (int) top + height, Palette.FRAME);
    AttentionScene.Query query = view.query();
    if (marked && query.column() >= 0) {
      double[] time = span(query.column(), mel.length);
      double[] frequency = query.row() < 0 ? new double[] {0, 1} : span(query.row(), mel[0].length);
      double y0 = top + (1 - frequency[1]) * height;
      double y1 = top + (1 - frequency[0]) * height;
      sheet.haloFrame(
          left + time[0] * width, y0, left + time[1] * width, y1, Palette.ofClass(0), Color.WHITE);
    }
  }

  /** The patch that shows a frame or bin: where patches overlap, the one whose middle is next. */
  private int patch(double at, int patches) {
    double first = ViTSpec.PATCH / 2.0;
    return (int) Math.min(Math.max(Math.round((at - first) / view.stride()), 0), patches - 1);
  }

  /** A patch's span as parts of an axis of {@code cells}. */
  private double[] span(int patch, int cells) {
    double from = (double) patch * view.stride() / cells;
    return new double[] {from, Math.min(from + (double) ViTSpec.PATCH / cells, 1)};
  }
}
