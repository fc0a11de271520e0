package dev.lookaside.deploy.plot;

import java.awt.geom.AffineTransform;
import java.awt.geom.Path2D;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.apache.fontbox.ttf.CmapLookup;
import org.apache.fontbox.ttf.GlyphData;
import org.apache.fontbox.ttf.TTFParser;
import org.apache.fontbox.ttf.TrueTypeFont;
import org.apache.pdfbox.io.RandomAccessReadBuffer;

/**
 * Text as outlines from the bundled Liberation Sans (SIL Open Font License 1.1). The JDK's own
 * fonts need fontconfig and installed font files, which a small server or container does not have.
 */
final class Typeface {
  private static final String RESOURCE = "/fonts/LiberationSans-Regular.ttf";

  private final TrueTypeFont font;
  private final CmapLookup glyphIds;
  private final double unitsPerEm;
  private final Map<Integer, Path2D> outlines = new HashMap<>();

  private Typeface(TrueTypeFont font) throws IOException {
    this.font = font;
    glyphIds = font.getUnicodeCmapLookup();
    unitsPerEm = font.getUnitsPerEm();
  }

  static Typeface bundled() {
    try (InputStream in = Typeface.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + ": is not in this program");
      }
      return new Typeface(new TTFParser().parse(new RandomAccessReadBuffer(in)));
    } catch (IOException e) {
      throw new IllegalStateException(RESOURCE + ": cannot be read", e);
    }
  }

  /** Width in pixels of {@code text} at {@code size} pixels per em. */
  double width(String text, double size) {
    double units = 0;
    for (int codePoint : text.codePoints().toArray()) {
      units += advance(glyphIds.getGlyphId(codePoint));
    }
    return units * size / unitsPerEm;
  }

  /** Outline of {@code text} with its baseline's left end at {@code (x, y)}. */
  Path2D outline(String text, double size, double x, double y) {
    double scale = size / unitsPerEm;
    Path2D path = new Path2D.Double(Path2D.WIND_NON_ZERO);
    double at = x;
    for (int codePoint : text.codePoints().toArray()) {
      int glyph = glyphIds.getGlyphId(codePoint);
      path.append(
          outlines
              .computeIfAbsent(glyph, this::glyph)
              .getPathIterator(new AffineTransform(scale, 0, 0, -scale, at, y)),
          false);
      at += advance(glyph) * scale;
    }
    return path;
  }

  private double advance(int glyph) {
    try {
      return font.getAdvanceWidth(glyph);
    } catch (IOException e) {
      throw new IllegalStateException(RESOURCE + ": glyph " + glyph + " cannot be read", e);
    }
  }

  private Path2D glyph(int id) {
    try {
      GlyphData data = font.getGlyph().getGlyph(id);
      return data == null ? new Path2D.Double() : data.getPath();
    } catch (IOException e) {
      throw new IllegalStateException(RESOURCE + ": glyph " + id + " cannot be read", e);
    }
  }
}
