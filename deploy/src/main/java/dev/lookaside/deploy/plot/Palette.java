package dev.lookaside.deploy.plot;

import java.awt.Color;

/**
 * Colours: one perceptual map for levels, and class colours that stay apart for colour-blind
 * readers.
 */
final class Palette {
  static final Color INK = new Color(0x1f2933);
  static final Color SOFT_INK = new Color(0x616e7c);
  static final Color GRID = new Color(0xe4e7eb);
  static final Color FRAME = new Color(0x9aa5b1);
  static final Color OTHER = new Color(0xc3cad2);

  /**
   * Ten samples of "magma" (matplotlib, CC0), whose lightness grows evenly; between them linear.
   */
  private static final int[] MAGMA = {
    0x000004, 0x180f3d, 0x440f76, 0x721f81, 0x9e2f7f, 0xcd4071, 0xf1605d, 0xfd9668, 0xfeca8d,
    0xfcfdbf
  };

  /** Okabe and Ito's set, two of them darkened to be readable on white, and six more. */
  private static final int[] CLASSES = {
    0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xb8860b, 0x2f9fd8, 0x6a3d9a, 0x8c564b, 0x4b5563,
    0x9d174d, 0x4d7c0f, 0x1e3a8a
  };

  /** How many classes have a colour of their own. */
  static final int CLASS_COUNT = CLASSES.length;

  /** Okabe and Ito's vermilion. */
  private static final int TINT = 0xd55e00;

  private Palette() {}

  /** Packed RGB for a level of 0 (dark) to 1 (bright); values outside are clamped. */
  static int level(double value) {
    double place = Math.min(Math.max(value, 0), 1) * (MAGMA.length - 1);
    int below = Math.min((int) place, MAGMA.length - 2);
    double part = place - below;
    int rgb = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int from = MAGMA[below] >> shift & 0xff;
      int until = MAGMA[below + 1] >> shift & 0xff;
      rgb |= (int) Math.round(from + part * (until - from)) << shift;
    }
    return rgb;
  }

  /** Packed RGB of a grey, 0 to 1, under a tint of 0 (none) to 1 (vermilion). */
  static int tinted(double grey, double tint) {
    double part = Math.min(Math.max(tint, 0), 1);
    int rgb = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int ink = TINT >> shift & 0xff;
      rgb |= (int) Math.round(grey * (255 + part * (ink - 255))) << shift;
    }
    return rgb;
  }

  static Color ofClass(int rank) {
    return new Color(CLASSES[rank % CLASSES.length]);
  }

  static Color faded(Color color, int alpha) {
    return new Color(color.getRed(), color.getGreen(), color.getBlue(), alpha);
  }
}
