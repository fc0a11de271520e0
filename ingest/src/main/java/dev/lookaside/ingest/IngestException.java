package dev.lookaside.ingest;

import org.jspecify.annotations.Nullable;

/** A fault of the ingest module. The message names what, where and the value seen. */
public class IngestException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient @Nullable Rejection rejection;

  public IngestException(String message) {
    super(message);
    this.rejection = null;
  }

  public IngestException(String message, Throwable cause) {
    super(message, cause);
    this.rejection = null;
  }

  /** A value that cannot be used; the message is {@link Rejection#describe()}. */
  public IngestException(Rejection rejection) {
    super(rejection.describe());
    this.rejection = rejection;
  }

  /** The fault as data, null when the fault is not about a received value. */
  public @Nullable Rejection rejection() {
    return rejection;
  }
}
