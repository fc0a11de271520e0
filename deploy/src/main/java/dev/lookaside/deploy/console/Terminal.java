package dev.lookaside.deploy.console;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** What is known of the terminal this process writes to. */
public final class Terminal {
  private static final int DEFAULT_COLUMNS = 100;
  private static final int MIN_COLUMNS = 60;

  private Terminal() {}

  /** True if standard input and output both are a terminal that understands cursor movement. */
  public static boolean interactive() {
    Console console = System.console();
    if (console == null || "dumb".equals(System.getenv("TERM"))) {
      return false;
    }
    try {
      // From JDK 22 on there is a console object without a terminal, too, and this method to tell.
      return (boolean) Console.class.getMethod("isTerminal").invoke(console);
    } catch (ReflectiveOperationException e) {
      return true;
    }
  }

  /** True if colours are welcome (https://no-color.org). */
  public static boolean colours() {
    String noColor = System.getenv("NO_COLOR");
    return interactive() && (noColor == null || noColor.isEmpty());
  }

  /** Width of the terminal in characters; a common width where it cannot be known. */
  public static int columns() {
    String given = System.getenv("COLUMNS");
    if (given != null && given.matches("[1-9][0-9]{0,3}")) {
      return Math.max(MIN_COLUMNS, Integer.parseInt(given));
    }
    return interactive() ? Math.max(MIN_COLUMNS, askStty()) : DEFAULT_COLUMNS;
  }

  private static int askStty() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String[] size =
          new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
              .strip()
              .split(" ");
      stty.waitFor(1, TimeUnit.SECONDS);
      return size.length == 2 ? Integer.parseInt(size[1]) : DEFAULT_COLUMNS;
    } catch (IOException | NumberFormatException e) {
      return DEFAULT_COLUMNS;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return DEFAULT_COLUMNS;
    }
  }
}
