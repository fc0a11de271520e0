package dev.lookaside.featurizer;

/**
 * Natural logarithm of positive normal floats from plain IEEE arithmetic only. {@code Math.log} may
 * differ in the last bit between processors, {@code StrictMath.log} costs more than the rest of a
 * frame; this one gives the same bits everywhere and is right to about one float ulp.
 */
final class NaturalLog {
  private static final double LN_2 = 0.693147180559945309417;

  /** Bits of sqrt(1/2): where the mantissa range is cut so that it lies around one. */
  private static final int SQRT_HALF_BITS = 0x3f3504f3;

  private static final int MANTISSA_BITS = 23;

  private NaturalLog() {}

  /** Infinity and NaN give a finite number near 89: a frame is finite whatever the samples were. */
  static float of(float x) {
    int bits = Float.floatToRawIntBits(x) - SQRT_HALF_BITS;
    int exponent = bits >> MANTISSA_BITS;
    double mantissa =
        Float.intBitsToFloat(
            (bits & ((1 << MANTISSA_BITS) - 1)) + SQRT_HALF_BITS); // in [0.707, 1.414)
    // ln m = 2 artanh s; |s| <= 0.1716, so the first term left out is below 4e-10.
    double s = (mantissa - 1) / (mantissa + 1);
    double z = s * s;
    double series = 2 + z * (2.0 / 3 + z * (2.0 / 5 + z * (2.0 / 7 + z * (2.0 / 9))));
    return (float) (exponent * LN_2 + s * series);
  }
}
