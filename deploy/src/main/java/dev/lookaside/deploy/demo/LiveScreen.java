package dev.lookaside.deploy.demo;

import java.io.PrintWriter;
import java.util.List;

/**
 * Draws the same block of lines again and again over itself. For terminals only; used by one
 * thread.
 */
final class LiveScreen {
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
