package dev.lookaside.deploy.plot;

import dev.lookaside.deploy.plot.Sheet.Align;
import java.awt.Color;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Detected events as bars, one row per class. */
final class EventPanel {
  static final double ROW_PIXELS = 34;

  private final Scene scene;
  private final ClassOrder order;
  private final List<String> rows = new ArrayList<>();
  private final List<Taken> written = new ArrayList<>();

  /** Pixels of a row that hold text already. */
  private record Taken(String row, double from, double until) {}

  EventPanel(Scene scene, ClassOrder order) {
    this.scene = scene;
    this.order = order;
    for (int c : order.shown()) {
      if (order.hasEvents(c)) {
        rows.add(scene.labels().get(c));
      }
    }
    for (Scene.Event event : scene.events()) {
      if (!rows.contains(event.label())) {
        rows.add(event.label());
      }
    }
  }

  double height() {
    return Math.max(rows.size(), 1) * ROW_PIXELS + 8;
  }

  void draw(Sheet sheet, TimeAxis time, double top, double bottom) {
    sheet.uprightText("events", 15, 26, (top + bottom) / 2, Palette.SOFT_INK);
    for (int row = 1; row < rows.size(); row++) {
      double y = top + 4 + row * ROW_PIXELS;
      sheet.line(time.left(), y, time.right(), y, 1, Palette.GRID);
    }
    sheet.frame(time.left(), top, time.right(), bottom, Palette.FRAME);
    if (scene.events().isEmpty()) {
      sheet.text(
          "no event detected",
          16,
          (time.left() + time.right()) / 2,
          (top + bottom) / 2 + 5,
          Align.CENTRE,
          Palette.SOFT_INK);
    }
    sheet.clip(time.left(), top, time.right(), bottom);
    for (Scene.Event event : scene.events()) {
      bar(sheet, time, event, top + 4 + rows.indexOf(event.label()) * ROW_PIXELS);
    }
    sheet.unclip();
    int count = scene.events().size();
    sheet.text(
        count + (count == 1 ? " event" : " events"),
        15,
        time.right() + 24,
        top + 20,
        Align.LEFT,
        Palette.SOFT_INK);
  }

  private void bar(Sheet sheet, TimeAxis time, Scene.Event event, double y) {
    double from = time.x(event.onsetSeconds());
    double until = Math.max(time.x(event.offsetSeconds()), from + 3);
    Color color = order.color(scene.labels().indexOf(event.label()));
    sheet.bar(from, y + 5, until, y + ROW_PIXELS - 5, 8, color);
    String peak = String.format(Locale.ROOT, "%.2f", event.peak());
    String text = event.label() + "  " + peak;
    double baseline = y + ROW_PIXELS / 2 + 5;
    if (sheet.textWidth(text, 15) + 16 <= until - from) {
      sheet.text(text, 15, from + 9, baseline, Align.LEFT, Color.WHITE);
    } else if (free(event, until + 6, until + 12 + sheet.textWidth(text, 15), time)) {
      sheet.haloText(text, 15, until + 7, baseline, Align.LEFT, Palette.INK, Color.WHITE);
    } else if (free(event, from - 12 - sheet.textWidth(text, 15), from - 6, time)) {
      sheet.haloText(text, 15, from - 7, baseline, Align.RIGHT, Palette.INK, Color.WHITE);
    }
  }

  /**
   * Takes the space between two pixels if it is on the panel and no bar or text of the row is in
   * it.
   */
  private boolean free(Scene.Event of, double from, double until, TimeAxis time) {
    if (from < time.left() || until > time.right()) {
      return false;
    }
    for (Scene.Event other : scene.events()) {
      boolean sameRow = other != of && other.label().equals(of.label());
      if (sameRow && time.x(other.onsetSeconds()) < until && time.x(other.offsetSeconds()) > from) {
        return false;
      }
    }
    for (Taken taken : written) {
      if (taken.row.equals(of.label()) && taken.from < until && taken.until > from) {
        return false;
      }
    }
    written.add(new Taken(of.label(), from, until));
    return true;
  }
}
