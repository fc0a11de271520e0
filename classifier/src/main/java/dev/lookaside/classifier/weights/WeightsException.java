package dev.lookaside.classifier.weights;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;

/** A weight file that cannot be used. The message names file, field or tensor, expected, found. */
public final class WeightsException extends ClassifierException {
  /** What kind of thing is wrong. */
  public enum Fault {
    /** The file is not sound, or its metadata. */
    FILE,
    /** A tensor is missing or has another shape than the rest calls for. */
    SHAPE,
    /** A value is no finite number. */
    VALUE,
    /** The head has not a row per label. */
    LABELS,
    /** It was made for another backbone. */
    BACKBONE
  }

  private final Fault fault;

  public WeightsException(String message) {
    this(Fault.FILE, message);
  }

  WeightsException(Fault fault, String message) {
    super(message);
    this.fault = fault;
  }

  public WeightsException(String message, Throwable cause) {
    super(message, cause);
    this.fault = Fault.FILE;
  }

  /** What kind of thing is wrong. */
  public Fault fault() {
    return fault;
  }

  /** What the system says of a file, in words: its exceptions often hold but the file's name. */
  static WeightsException unreadable(String file, IOException e) {
    String why =
        e instanceof NoSuchFileException
            ? "no such file"
            : e instanceof AccessDeniedException ? "permission denied" : "cannot be read";
    return new WeightsException(file + ": " + why, e);
  }

  static WeightsException tensor(String file, String tensor, String complaint) {
    return tensor(Fault.FILE, file, tensor, complaint);
  }

  static WeightsException tensor(Fault fault, String file, String tensor, String complaint) {
    return new WeightsException(fault, "%s: tensor \"%s\": %s".formatted(file, tensor, complaint));
  }

  static WeightsException shape(String file, String tensor, int[] expected, int[] found) {
    return tensor(
        Fault.SHAPE,
        file,
        tensor,
        "expected shape %s, found %s".formatted(Arrays.toString(expected), Arrays.toString(found)));
  }

  static WeightsException missing(String file, String tensor, int[] expected) {
    return tensor(
        Fault.SHAPE,
        file,
        tensor,
        "expected shape %s, found no such tensor".formatted(Arrays.toString(expected)));
  }

  static WeightsException metadata(String file, String key, String value, String complaint) {
    return new WeightsException(
        "%s: metadata %s \"%s\": %s".formatted(file, key, value, complaint));
  }
}
