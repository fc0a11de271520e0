package dev.lookaside.ingest.kafka;

/**
 * A broker answers, but what was looked for was not found or read in time. Trying again may help,
 * but not for long.
 */
public final class SlowReadException extends UnreachableException {
  private static final long serialVersionUID = 1;

  public SlowReadException(String message, Throwable cause) {
    super(message, cause);
  }
}
