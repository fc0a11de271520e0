package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.ClassifierException;

/** The scorer cannot be opened, or a device failed while running. */
public final class ScorerException extends ClassifierException {
  public ScorerException(String message) {
    super(message);
  }

  public ScorerException(String message, Throwable cause) {
    super(message, cause);
  }
}
