package dev.lookaside.deploy.plot;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The colours of classes and of levels for whatever draws them elsewhere. */
public final class PlotColours {
  private static final int LEVELS = 256;

  private PlotColours() {}

  /**
   * Of classes, as CSS writes them, in a JSON array; the thirteenth class has the first one's
   * again.
   */
  public static String ofClasses() {
    return IntStream.range(0, Palette.CLASS_COUNT)
        .mapToObj(rank -> "\"#%06x\"".formatted(Palette.ofClass(rank).getRGB() & 0xffffff))
        .collect(Collectors.joining(", ", "[", "]"));
  }

  /** Of the levels 0 (dark) to 255 (bright), packed RGB, in a JSON array. */
  public static String ofLevels() {
    return IntStream.range(0, LEVELS)
        .mapToObj(level -> Integer.toString(Palette.level(level / (LEVELS - 1.0))))
        .collect(Collectors.joining(",", "[", "]"));
  }
}
