package dev.lookaside.classifier.weights;

/** Exact widening of the two 16-bit float formats (IEEE 754 binary16 and bfloat16). */
final class HalfFloats {
  private HalfFloats() {}

  static float fromBrain(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  static float fromHalf(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >>> 10) & 0x1f;
    int mantissa = bits & 0x3ff;
    if (exponent == 0x1f) {
      return Float.intBitsToFloat(sign | 0x7f800000 | (mantissa << 13));
    }
    if (exponent == 0) {
      float magnitude = mantissa * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | ((exponent + 112) << 23) | (mantissa << 13));
  }
}
