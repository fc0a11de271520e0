package dev.lookaside.classifier.weights;

import java.util.Arrays;

/** A weight file that cannot be used. The message names file, field or tensor, expected, found. */
public final class WeightsException extends ClassifierException {
  public WeightsException(String message) {
    super(message);
  }

  public WeightsException(String message, Throwable cause) {
    super(message, cause);
  }

  static WeightsException tensor(String file, String tensor, String complaint) {
    return new WeightsException("%s: tensor \"%s\": %s".formatted(file, tensor, complaint));
  }

  static WeightsException shape(String file, String tensor, int[] expected, int[] found) {
    return tensor(
        file,
        tensor,
        "expected shape %s, found %s".formatted(Arrays.toString(expected), Arrays.toString(found)));
  }

  static WeightsException missing(String file, String tensor, int[] expected) {
    return tensor(
        file,
        tensor,
        "expected shape %s, found no such tensor".formatted(Arrays.toString(expected)));
  }

  static WeightsException metadata(String file, String key, String value, String complaint) {
    return new WeightsException(
        "%s: metadata %s \"%s\": %s".formatted(file, key, value, complaint));
  }
}
