package dev.lookaside.classifier.weights;

/**
 * The two 16-bit float formats (IEEE 754 binary16 and bfloat16): exact widening, and narrowing to
 * the nearest, ties to even.
 */
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

  static short toBrain(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  static short toHalf(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      return (short) (sign | 0x7e00);
    }
    if (magnitude >= 0x477ff000) {
      return (short) (sign | 0x7c00); // 65520 and above is nearer to the next power than to 65504.
    }
    if (magnitude < 0x38800000) {
      // Below 2^-14 a half has steps of 2^-24.
      return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * (double) 0x1p24f));
    }
    int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1);
    return (short) (sign | (rounded - (112 << 23) >>> 13));
  }
}
