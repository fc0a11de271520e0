package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.weights.ClassifierException;

/** A record, key or setting of the registry that cannot be used. Names field and value. */
public final class RegistryException extends ClassifierException {
  public RegistryException(String message) {
    super(message);
  }

  public RegistryException(String message, Throwable cause) {
    super(message, cause);
  }

  static RegistryException of(String field, Object value, String rule) {
    return new RegistryException("%s \"%s\": %s".formatted(field, shortened(value), rule));
  }

  private static String shortened(Object value) {
    String text = String.valueOf(value);
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }
}
