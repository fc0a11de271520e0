package dev.lookaside.deploy.plot;

import dev.lookaside.deploy.plot.Sheet.Align;
import dev.lookaside.featurizer.FrontEnd;

/** The frequency axis of a log-mel: Hz at places even in mel. */
final class MelAxis {
  private static final int[] TICKS_HZ = {100, 250, 500, 1000, 2000, 4000, 8000, 12_000};
  private static final double MIN_TICK_PIXELS = 22;

  private MelAxis() {}

  static void draw(Sheet sheet, FrontEnd frontEnd, double left, double top, double bottom) {
    double previous = Double.POSITIVE_INFINITY;
    for (int hz : TICKS_HZ) {
      double y = bottom - place(frontEnd, hz) * (bottom - top);
      if (y < top - 1 || y > bottom || previous - y < MIN_TICK_PIXELS) {
        continue;
      }
      previous = y;
      sheet.line(left - 6, y, left, y, 1, Palette.FRAME);
      sheet.text(frequency(hz), 15, left - 11, y + 5, Align.RIGHT, Palette.INK);
    }
    boolean room = bottom - top >= sheet.textWidth("frequency, Hz (mel scale)", 15);
    sheet.uprightText(
        room ? "frequency, Hz (mel scale)" : "Hz (mel scale)",
        15,
        left - 78,
        (top + bottom) / 2,
        Palette.SOFT_INK);
  }

  /** 0 at the lowest mel row's foot, 1 at the highest one's top. */
  static double place(FrontEnd frontEnd, double hz) {
    double lowest = mel(frontEnd == FrontEnd.AST_FBANK ? 20 : 0);
    double highest = mel(frontEnd.rateHz() / 2.0);
    return (mel(hz) - lowest) / (highest - lowest);
  }

  private static double mel(double hz) {
    return 1127 * Math.log1p(hz / 700);
  }

  private static String frequency(int hz) {
    return hz >= 1000 ? hz / 1000 + "k" : Integer.toString(hz);
  }
}
