package dev.lookaside.classifier.json;

import java.util.Objects;

/**
 * Text is not one JSON value. The message is a predicate without a subject, as {@code is not UTF-8}
 * or {@code is malformed JSON at line 1, column 4}; who catches it says of what.
 */
public final class NotJsonException extends Exception {
  NotJsonException(String message, Throwable cause) {
    super(message, cause);
  }

  NotJsonException(String message) {
    super(message);
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
