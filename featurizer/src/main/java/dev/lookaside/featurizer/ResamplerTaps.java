package dev.lookaside.featurizer;

/**
 * Taps of a Kaiser-windowed sinc low-pass, one row per phase between two input samples. Immutable.
 *
 * <p>Pass band to {@link #PASS} of the lower rate's Nyquist frequency, stop band from that Nyquist
 * frequency on, so nothing audible folds back. Each row sums to one: a constant stays that
 * constant. Ratios with few phases have a row for each; others interpolate linearly between rows
 * whose distance keeps the error below -100 dB.
 */
final class ResamplerTaps {
  /** Raise it whenever a tap's value changes. */
  static final int VERSION = 1;

  /** End of the pass band as a share of the lower Nyquist frequency. */
  static final double PASS = 0.92;

  /** Design attenuation of the stop band. */
  static final double STOP_DB = 90;

  /** Kaiser's formula for that attenuation. */
  static final double BETA = 0.1102 * (STOP_DB - 8.7);

  /** 1 MiB of taps: all usual rates are exact, and no sender's odd rate takes more memory. */
  static final int MAX_EXACT_TAPS = 1 << 18;

  private static final int INTERPOLATED_ROWS = 512;

  /** Row lengths are multiples of this, for the unrolled loop. */
  private static final int UNROLL = 8;

  /** Input samples on each side of the output's position. */
  final int halfTaps;

  /** Rows per input sample. */
  final int phases;

  /** True if output positions fall between rows. */
  final boolean interpolated;

  private final float[] rows;

  /**
   * @param inStep with {@code outStep} the ratio of the rates in lowest terms: output {@code n}
   *     lies at input {@code n * inStep / outStep}
   */
  ResamplerTaps(long inStep, long outStep) {
    double narrowing = Math.min(1.0, (double) outStep / inStep); // lower rate over input rate
    double transition = 2 * Math.PI * 0.5 * narrowing * (1 - PASS);
    double halfWidth = (STOP_DB - 7.95) / (2.285 * transition) / 2;
    halfTaps = (int) Math.ceil(halfWidth / (UNROLL / 2)) * (UNROLL / 2);
    interpolated = outStep * 2 * halfTaps > MAX_EXACT_TAPS;
    phases =
        interpolated ? (int) Math.ceil(INTERPOLATED_ROWS * narrowing) : Math.toIntExact(outStep);
    int count = interpolated ? phases + 1 : phases;
    rows = new float[count * 2 * halfTaps];
    double cutoff = narrowing * (1 + PASS) / 2; // relative to the input's Nyquist frequency
    double[] row = new double[2 * halfTaps];
    for (int phase = 0; phase < count; phase++) {
      double sum = 0;
      for (int k = 0; k < row.length; k++) {
        double t = (double) phase / phases + halfTaps - 1 - k;
        row[k] = sinc(cutoff * t) * kaiser(t / halfWidth);
        sum += row[k];
      }
      for (int k = 0; k < row.length; k++) {
        rows[phase * row.length + k] = (float) (row[k] / sum);
      }
    }
  }

  /**
   * Weighs {@code 2 * halfTaps} samples by one row. Eight running sums in a fixed order: the same
   * bits in every run, and no chain of dependent additions.
   */
  float dot(int row, float[] in, int from) {
    float[] h = rows;
    int at = row * 2 * halfTaps;
    int end = at + 2 * halfTaps;
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float i = 0;
    for (int x = from; at < end; at += UNROLL, x += UNROLL) {
      a += h[at] * in[x];
      b += h[at + 1] * in[x + 1];
      c += h[at + 2] * in[x + 2];
      d += h[at + 3] * in[x + 3];
      e += h[at + 4] * in[x + 4];
      f += h[at + 5] * in[x + 5];
      g += h[at + 6] * in[x + 6];
      i += h[at + 7] * in[x + 7];
    }
    return ((a + b) + (c + d)) + ((e + f) + (g + i));
  }

  private static double sinc(double x) {
    double angle = Math.PI * x;
    return x == 0 ? 1 : StrictMath.sin(angle) / angle;
  }

  private static double kaiser(double x) {
    return Math.abs(x) > 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
  }

  /** Modified Bessel function of the first kind, order 0, by its power series. */
  private static double bessel(double x) {
    double sum = 1;
    double term = 1;
    for (int k = 1; term > sum * 1e-17; k++) {
      term *= (x / (2 * k)) * (x / (2 * k));
      sum += term;
    }
    return sum;
  }
}
