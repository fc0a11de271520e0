package dev.lookaside.ingest;

/** No broker has answered in time. Trying again may help. */
public class UnreachableException extends IngestException {
  private static final long serialVersionUID = 1;

  public UnreachableException(String message, Throwable cause) {
    super(message, cause);
  }
}
