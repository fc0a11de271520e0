package dev.lookaside.deploy.plot;

import dev.lookaside.deploy.plot.Sheet.Align;
import dev.lookaside.featurizer.FrontEnd;
import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.Locale;

/** The log-mel with its frequency axis and a colour bar. */
final class MelPanel {
  private static final int BAR_PIXELS = 14;

  private final Scene scene;
  private final float low;
  private final float high;

  MelPanel(Scene scene) {
    this.scene = scene;
    float[] sorted = audible(scene.logMel());
    // The quietest twentieth would take half the colours, single clicks the rest.
    low = sorted.length == 0 ? 0 : sorted[(int) (0.05 * (sorted.length - 1))];
    float top = sorted.length == 0 ? 1 : sorted[(int) (0.998 * (sorted.length - 1))];
    high = Math.max(top, low + 1);
  }

  void draw(Sheet sheet, TimeAxis time, double top, double bottom) {
    sheet.pixels(
        image((int) time.width(), (int) (bottom - top), time), (int) time.left(), (int) top);
    sheet.frame(time.left(), top, time.right(), bottom, Palette.FRAME);
    MelAxis.draw(sheet, scene.frontEnd(), time.left(), top, bottom);
    colourBar(sheet, time.right() + 24, top, bottom);
  }

  private void colourBar(Sheet sheet, double x, double top, double bottom) {
    for (int y = 0; y < bottom - top; y++) {
      int rgb = Palette.level(1 - y / (bottom - top - 1));
      sheet.bar(x, top + y, x + BAR_PIXELS, top + y + 1, 0, new java.awt.Color(rgb));
    }
    sheet.frame(x, top, x + BAR_PIXELS, bottom, Palette.FRAME);
    int step = high - low > 9 ? 3 : high - low > 5 ? 2 : 1;
    for (int level = (int) Math.ceil(low / step) * step; level <= high; level += step) {
      double y = bottom - (level - low) / (high - low) * (bottom - top);
      sheet.line(x + BAR_PIXELS, y, x + BAR_PIXELS + 4, y, 1, Palette.FRAME);
      String text = String.format(Locale.ROOT, "%d", level).replace('-', '\u2212');
      sheet.text(text, 15, x + BAR_PIXELS + 9, y + 5, Align.LEFT, Palette.INK);
    }
    sheet.uprightText(
        "log-mel (ln)", 15, x + BAR_PIXELS + 54, (top + bottom) / 2, Palette.SOFT_INK);
  }

  /** One pixel column is the mean of the frames it covers, or lies between two of them. */
  private BufferedImage image(int width, int height, TimeAxis time) {
    float[][] frames = scene.logMel();
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    FrontEnd frontEnd = scene.frontEnd();
    double middle = (frontEnd.frameSamples() / 2.0 - frontEnd.leadSamples()) / frontEnd.rateHz();
    int mels = frontEnd.mels();
    float[] column = new float[mels];
    for (int x = 0; x < width; x++) {
      double from = ((double) x / width * time.seconds() - middle) / frontEnd.hopSeconds();
      double until = ((double) (x + 1) / width * time.seconds() - middle) / frontEnd.hopSeconds();
      boolean known = column(frames, from, until, column);
      for (int y = 0; y < height; y++) {
        double mel = Math.min(Math.max((height - 0.5 - y) / height * mels - 0.5, 0), mels - 1);
        int below = Math.min((int) mel, mels - 2);
        double value = column[below] + (mel - below) * (column[below + 1] - column[below]);
        image.setRGB(x, y, known ? Palette.level((value - low) / (high - low)) : 0xf5f7fa);
      }
    }
    return image;
  }

  private static boolean column(float[][] frames, double from, double until, float[] column) {
    // Half a frame beyond the first and the last one still shows them.
    if (frames.length == 0 || until < -0.5 || from > frames.length - 0.5) {
      return false;
    }
    if (until - from > 1) {
      int first = (int) Math.min(Math.max(Math.round(from), 0), frames.length - 1);
      int end = (int) Math.min(Math.max(Math.round(until), first + 1), frames.length);
      Arrays.fill(column, 0);
      for (int frame = first; frame < end; frame++) {
        for (int mel = 0; mel < column.length; mel++) {
          column[mel] += frames[frame][mel] / (end - first);
        }
      }
      return true;
    }
    double at = Math.min(Math.max((from + until) / 2, 0), frames.length - 1);
    int below = Math.max(Math.min((int) at, frames.length - 2), 0);
    int above = Math.min(below + 1, frames.length - 1);
    float part = (float) (at - below);
    for (int mel = 0; mel < column.length; mel++) {
      column[mel] = frames[below][mel] + part * (frames[above][mel] - frames[below][mel]);
    }
    return true;
  }

  /**
   * Values above the front end's floor, sorted: filters without a bin are constant and show
   * nothing.
   */
  private static float[] audible(float[][] frames) {
    int stride = Math.max(1, frames.length / 2000);
    float[] values =
        new float[(frames.length / stride + 1) * (frames.length == 0 ? 0 : frames[0].length)];
    int count = 0;
    for (int frame = 0; frame < frames.length; frame += stride) {
      for (float value : frames[frame]) {
        if (value > -13.8f) {
          values[count++] = value;
        }
      }
    }
    float[] sorted = Arrays.copyOf(values, count);
    Arrays.sort(sorted);
    return sorted;
  }
}
