package dev.lookaside.ingest;

/**
 * Name of one audio stream: the key of its records on every topic.
 *
 * @param value 1 to {@value #MAX_CHARS} characters that UTF-8 can carry, no control characters
 * @throws IngestException if {@code value} is none
 */
public record StreamId(String value) {
  /** Long enough for a path-like name, short enough for a log line. */
  public static final int MAX_CHARS = 200;

  public StreamId {
    if (value.isEmpty() || value.length() > MAX_CHARS) {
      throw bad(value, "must be 1 to " + MAX_CHARS + " characters, is " + value.length());
    }
    for (int i = 0; i < value.length(); ) {
      int c = value.codePointAt(i);
      if (Character.isISOControl(c)) {
        throw bad(value, "must not hold the control character 0x" + Integer.toHexString(c));
      }
      if (Character.getType(c) == Character.SURROGATE) {
        throw bad(value, "must not hold half a surrogate pair");
      }
      i += Character.charCount(c);
    }
  }

  private static IngestException bad(String value, String message) {
    return new IngestException(
        new Rejection(Rejection.Reason.BAD_KEY, "stream id", value, message));
  }

  @Override
  public String toString() {
    return value;
  }
}
