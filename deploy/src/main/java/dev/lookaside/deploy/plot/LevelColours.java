package dev.lookaside.deploy.plot;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The colours of levels for whatever draws them elsewhere. */
public final class LevelColours {
  private static final int COUNT = 256;

  private LevelColours() {}

  /** Packed RGB of the levels 0 (dark) to 255 (bright), as a JSON array. */
  public static String json() {
    return IntStream.range(0, COUNT)
        .map(level -> Palette.level(level / (COUNT - 1.0)))
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(",", "[", "]"));
  }
}
