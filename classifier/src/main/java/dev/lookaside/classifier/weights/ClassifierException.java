package dev.lookaside.classifier.weights;

/** A fault of the classifier module: what went wrong, where, and the value seen. */
public class ClassifierException extends RuntimeException {
  public ClassifierException(String message) {
    super(message);
  }

  public ClassifierException(String message, Throwable cause) {
    super(message, cause);
  }
}
