package dev.lookaside.classifier.weights;

import java.util.Locale;

/** How floats are stored in a safetensors file. */
public enum FloatType {
  F32(4),
  /** IEEE 754 binary16: 11 bits of precision, up to 65504. */
  F16(2),
  /** The upper half of a float: 8 bits of precision, the range of a float. */
  BF16(2);

  private final int bytes;

  FloatType(int bytes) {
    this.bytes = bytes;
  }

  int bytes() {
    return bytes;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
