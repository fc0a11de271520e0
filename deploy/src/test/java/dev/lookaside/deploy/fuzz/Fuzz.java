package dev.lookaside.deploy.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * What Jazzer runs: decodes an input and checks that it is read or rejected in words, with bounded
 * memory. That it ends is for Jazzer's time-out to say.
 */
public final class Fuzz {
  /** Names the decoder; without it an input's first byte does. */
  static final String DECODER = "lookaside.fuzz.decoder";

  /** Buffers of constant size are allowed; what grows with the input is in the factor. */
  private static final long MAX_ALLOCATED_BYTES = 64L << 20;

  private static final long MAX_ALLOCATED_PER_BYTE = 1L << 12;
  private static final Pattern LIBRARY_WORDS =
      Pattern.compile("(java|javax|com|org|io)\\.[a-z]+\\.|Exception|\\bnull\\b");
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Fuzz() {}

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] data) {
    String name = System.getProperty(DECODER, "");
    if (!name.isEmpty()) {
      check(Decoder.valueOf(name), data);
    } else if (data.length > 0) {
      Decoder[] all = Decoder.values();
      check(all[(data[0] & 0xff) % all.length], Arrays.copyOfRange(data, 1, data.length));
    }
  }

  static void check(Decoder decoder, byte[] bytes) {
    long most = MAX_ALLOCATED_BYTES + MAX_ALLOCATED_PER_BYTE * bytes.length;
    long allocated = allocatedBy(decoder, bytes);
    // Jazzer instruments a class when it is loaded, in this thread; the second time none is.
    if (allocated > most && (allocated = allocatedBy(decoder, bytes)) > most) {
      throw new AssertionError(
          "%s allocated %,d bytes for %,d".formatted(decoder, allocated, bytes.length));
    }
  }

  private static long allocatedBy(Decoder decoder, byte[] bytes) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      decoder.read(bytes.clone());
    } catch (Exception e) {
      checkFault(e);
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  private static void checkFault(Exception e) {
    String message = e.getMessage();
    if (!e.getClass().getName().startsWith("dev.lookaside.")) {
      throw new AssertionError("not an exception of ours: " + e, e);
    }
    if (message == null || LIBRARY_WORDS.matcher(quotesLeftOut(message)).find()) {
      throw new AssertionError("a library's words: " + message, e);
    }
  }

  /** What stood in the input is quoted, and may be anything. */
  private static String quotesLeftOut(String message) {
    return message.replaceAll("(?s)\".*\"", "\"\"");
  }
}
