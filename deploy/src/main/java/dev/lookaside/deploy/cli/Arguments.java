package dev.lookaside.deploy.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Arguments are UTF-8, whatever the locale. Java decodes them in the locale's character set before
 * anybody sees them, and what that cannot carry becomes {@code ?} or U+FFFD: a class or a stream of
 * such a name would stay on the topics for ever, so the call is rejected.
 */
final class Arguments {
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
  private static final char REPLACEMENT = '\ufffd';

  private Arguments() {}

  /** What is wrong with the arguments of this process; null if nothing. */
  static @Nullable String fault(String[] args) {
    return fault(args, System.getProperty("sun.jnu.encoding", "unknown"), commandLine());
  }

  /**
   * @param encoding in which Java decoded the arguments
   * @param raw the command line as the system has it, empty where it is not known
   */
  static @Nullable String fault(String[] args, String encoding, byte[] raw) {
    boolean utf8 = encoding.equalsIgnoreCase("UTF-8") || encoding.equalsIgnoreCase("UTF8");
    for (String arg : args) {
      if (arg.indexOf(REPLACEMENT) >= 0 && utf8) {
        return "argument \"%s\": holds bytes that are not UTF-8; rename the file, or type the name in UTF-8"
            .formatted(arg);
      }
      if (!utf8 && !ascii(arg)) {
        return outsideAscii(arg, encoding);
      }
    }
    for (byte b : raw) {
      if (!utf8 && b < 0) {
        return outsideAscii(String.join(" ", args), encoding);
      }
    }
    return null;
  }

  private static boolean ascii(String text) {
    return text.chars().allMatch(c -> c < 0x80);
  }

  private static String outsideAscii(String shown, String encoding) {
    return "argument \"%s\": holds more than ASCII, but the locale's character set is %s; set LC_ALL=C.UTF-8"
        .formatted(shown, encoding);
  }

  private static byte[] commandLine() {
    try {
      return Files.readAllBytes(COMMAND_LINE);
    } catch (IOException e) {
      // Other systems than Linux: the decoded arguments must do.
      return new byte[0];
    }
  }
}
