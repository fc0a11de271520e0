package dev.lookaside.deploy.demo;

import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Shows the demo's state: a picture that redraws itself on a terminal, plain lines elsewhere. */
final class DemoDisplay {
  private static final int EVENT_ROWS = 8;
  private static final long FRAME_MILLIS = 120;
  private static final double PLAIN_EVERY_SECONDS = 5;

  private final DemoOptions options;
  private final PrintWriter out;
  private final String title;
  private final LiveScreen screen;
  private double totalSeconds;
  private long drawnAtMillis;
  private double nextPlainSecond = PLAIN_EVERY_SECONDS;

  DemoDisplay(DemoOptions options, PrintWriter out, String title, double totalSeconds) {
    this.options = options;
    this.out = out;
    this.title = title;
    this.totalSeconds = totalSeconds;
    this.screen = new LiveScreen(out);
  }

  /** A new event; null is none. */
  void event(DemoView.@Nullable EventLine line) {
    if (line != null && !options.live()) {
      out.println(line.text());
    }
  }

  /** What has happened in the story. */
  void story(List<String> lines) {
    if (!options.live()) {
      lines.forEach(out::println);
      out.flush();
    }
  }

  /** The streams will end earlier than planned. */
  void endAt(double second) {
    totalSeconds = second;
  }

  /** Time has passed; {@code second} is the position in the audio. */
  void refresh(DemoState state, double second) {
    if (options.live()) {
      long now = System.nanoTime() / 1_000_000;
      if (now - drawnAtMillis >= FRAME_MILLIS) {
        drawnAtMillis = now;
        draw(state, second);
      }
    } else if (second >= nextPlainSecond && second < totalSeconds) {
      nextPlainSecond += PLAIN_EVERY_SECONDS;
      out.println(state.picture(title, second, totalSeconds).footer().strip());
    }
  }

  /** The picture that stays. */
  void last(DemoState state, double second) {
    if (options.live()) {
      draw(state, second);
    }
  }

  private void draw(DemoState state, double second) {
    screen.draw(
        DemoView.lines(
            state.picture(title, second, totalSeconds),
            options.columns(),
            EVENT_ROWS,
            options.colours()));
  }

  void end() {
    screen.end();
  }

  /**
   * Draws the same block of lines again and again over itself. For terminals only; used by one
   * thread.
   */
  static final class LiveScreen {
    private static final String CLEAR_LINE = "\u001b[2K";
    private static final String HIDE_CURSOR = "\u001b[?25l";
    private static final String SHOW_CURSOR = "\u001b[?25h";

    private final PrintWriter out;
    private int drawn;

    LiveScreen(PrintWriter out) {
      this.out = out;
    }

    void draw(List<String> lines) {
      StringBuilder text = new StringBuilder();
      text.append(drawn == 0 ? HIDE_CURSOR : "\u001b[" + drawn + "A");
      for (String line : lines) {
        text.append('\r').append(CLEAR_LINE).append(line).append('\n');
      }
      drawn = lines.size();
      out.print(text);
      out.flush();
    }

    /** Leaves the last picture standing and gives the cursor back. */
    void end() {
      if (drawn > 0) {
        out.print(SHOW_CURSOR);
        out.flush();
      }
    }
  }
}
