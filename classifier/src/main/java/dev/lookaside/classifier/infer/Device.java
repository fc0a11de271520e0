package dev.lookaside.classifier.infer;

import java.util.Locale;

/** Where to run. */
public enum Device {
  /** CUDA if it works, else the CPU with one line saying why. */
  AUTO,
  CPU,
  /** CUDA or an error. */
  CUDA;

  /**
   * The device of a word of the configuration.
   *
   * @throws IllegalArgumentException for any other word
   */
  public static Device of(String word) {
    for (Device d : values()) {
      if (d.name().toLowerCase(Locale.ROOT).equals(word)) {
        return d;
      }
    }
    throw new IllegalArgumentException("device \"" + word + "\": must be auto, cpu or cuda");
  }
}
