package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.weights.ClassifierException;

/** A fault of decoding, of a detection record, or of the sink. */
public final class DetectException extends ClassifierException {
  private static final long serialVersionUID = 1;

  public DetectException(String message) {
    super(message);
  }

  public DetectException(String message, Throwable cause) {
    super(message, cause);
  }
}
