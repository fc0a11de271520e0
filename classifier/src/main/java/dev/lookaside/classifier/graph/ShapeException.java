package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.ClassifierException;

/** An operation was given values it cannot take; a fault of whoever builds the graph. */
public final class ShapeException extends ClassifierException {
  public ShapeException(String message) {
    super(message);
  }
}
