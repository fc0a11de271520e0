package dev.lookaside.deploy.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Draws the state of the demo as lines of text; pure. */
public final class DemoView {
  private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";
  private static final double FLOOR_DB = -60;
  private static final int LEVEL_CELLS = 6;
  private static final int POSTERIOR_CELLS = 5;

  private static final String RESET = "\u001b[0m";
  private static final String BOLD = "\u001b[1m";
  private static final String DIM = "\u001b[2m";
  private static final String GREEN = "\u001b[32m";
  private static final String RED = "\u001b[31m";
  private static final String CYAN = "\u001b[36m";

  private DemoView() {}

  /**
   * A class with a high posterior.
   *
   * @param label its name
   * @param posterior 0 to 1
   * @param open true while an event of it is open
   */
  public record Detected(String label, double posterior, boolean open) {}

  /**
   * One stream at one moment.
   *
   * @param name of the stream
   * @param levelDb level of what is being sent, dB below full scale
   * @param classes strongest first
   * @param recent newest last, short
   */
  public record StreamLine(
      String name, double levelDb, List<Detected> classes, List<String> recent) {}

  /**
   * One event for the list below the streams.
   *
   * @param text what and when
   * @param right whether the truth has it
   */
  public record EventLine(String text, boolean right) {}

  /**
   * The whole picture.
   *
   * @param title first line
   * @param streams one each
   * @param story how something is learned, always as many lines; none if nothing is
   * @param events newest last
   * @param footer last line
   */
  public record Picture(
      String title,
      List<StreamLine> streams,
      List<String> story,
      List<EventLine> events,
      String footer) {
    /** Without a story. */
    public Picture(String title, List<StreamLine> streams, List<EventLine> events, String footer) {
      this(title, streams, List.of(), events, footer);
    }
  }

  /**
   * The picture as lines of at most {@code columns} characters.
   *
   * @param eventRows rows kept for events, so that the height never changes
   * @param colours whether to write ANSI colours
   */
  public static List<String> lines(Picture picture, int columns, int eventRows, boolean colours) {
    List<String> lines = new ArrayList<>();
    lines.add(paint(cut(picture.title, columns), BOLD, colours));
    int nameWidth = picture.streams.stream().mapToInt(s -> s.name.length()).max().orElse(0);
    for (StreamLine s : picture.streams) {
      lines.add(cut(line(s, nameWidth), columns));
    }
    lines.add("");
    if (!picture.story.isEmpty()) {
      picture.story.forEach(text -> lines.add(paint(cut(text, columns), CYAN, colours)));
      lines.add("");
    }
    List<EventLine> events = picture.events;
    List<EventLine> shown = events.subList(Math.max(0, events.size() - eventRows), events.size());
    for (EventLine e : shown) {
      lines.add(paint(cut(e.text, columns), e.right ? GREEN : RED, colours));
    }
    for (int i = shown.size(); i < eventRows; i++) {
      lines.add("");
    }
    lines.add(paint(cut(picture.footer, columns), DIM, colours));
    return lines;
  }

  /** One stream's line, without colours: {@code name level | classes | recent events}. */
  public static String line(StreamLine s, int nameWidth) {
    StringBuilder text = new StringBuilder();
    text.append(' ').append(pad(s.name, nameWidth)).append("  ");
    double level = Math.max(0, Math.min(1, 1 - s.levelDb / FLOOR_DB));
    text.append(bar(level, LEVEL_CELLS));
    text.append(
        s.levelDb <= FLOOR_DB ? "  quiet" : String.format(Locale.ROOT, "%4.0f dB", s.levelDb));
    text.append("  ");
    StringBuilder classes = new StringBuilder();
    for (Detected h : s.classes) {
      classes
          .append(h.open ? '*' : ' ')
          .append(pad(h.label, 10))
          .append(' ')
          .append(bar(h.posterior, POSTERIOR_CELLS))
          .append(String.format(Locale.ROOT, " %.2f ", h.posterior));
    }
    text.append(pad(classes.length() == 0 ? " -" : classes.toString(), 2 * 23));
    if (!s.recent.isEmpty()) {
      text.append("  ").append(String.join("  ", s.recent));
    }
    return text.toString();
  }

  /** A bar of {@code cells} characters, filled to {@code share} 0 to 1 in eighths. */
  public static String bar(double share, int cells) {
    int eighths = (int) Math.round(Math.max(0, Math.min(1, share)) * cells * 8);
    StringBuilder bar = new StringBuilder();
    for (int i = 0; i < cells; i++) {
      bar.append(EIGHTHS.charAt(Math.max(0, Math.min(8, eighths - 8 * i))));
    }
    return bar.toString();
  }

  /** Seconds as {@code m:ss.t}. */
  public static String clock(double seconds) {
    long tenths = Math.round(Math.max(0, seconds) * 10);
    return String.format(Locale.ROOT, "%d:%02d.%d", tenths / 600, tenths / 10 % 60, tenths % 10);
  }

  private static String pad(String text, int width) {
    return text.length() >= width ? text : text + " ".repeat(width - text.length());
  }

  private static String cut(String text, int columns) {
    return text.length() <= columns ? text : text.substring(0, columns - 1) + "…";
  }

  private static String paint(String text, String colour, boolean colours) {
    return colours && !text.isEmpty() ? colour + text + RESET : text;
  }
}
