package dev.lookaside.deploy.plot;

import java.awt.Color;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The colours of classes for whatever draws them elsewhere. */
public final class ClassColours {
  private ClassColours() {}

  /** As CSS writes them; the thirteenth class has the first one's again. */
  public static List<String> css() {
    List<String> colours = new ArrayList<>();
    for (int rank = 0; rank < Palette.CLASS_COUNT; rank++) {
      Color c = Palette.ofClass(rank);
      colours.add(
          String.format(Locale.ROOT, "#%02x%02x%02x", c.getRed(), c.getGreen(), c.getBlue()));
    }
    return colours;
  }

  /** {@link #css} as a JSON array. */
  public static String json() {
    return "[\"" + String.join("\", \"", css()) + "\"]";
  }
}
