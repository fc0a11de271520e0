package dev.lookaside.featurizer;

/**
 * Power spectrum of real samples in double precision, for the frames whose range is wider than
 * single precision resolves. Radix-4 Stockham on half the points; tables are shared, scratch
 * buffers are not. Lengths are 2 * 4<sup>s</sup>.
 */
final class DoubleFft {
  private final Tables tables;
  private double[] re;
  private double[] im;
  private double[] otherRe;
  private double[] otherIm;

  DoubleFft(Tables tables) {
    this.tables = tables;
    int half = tables.samples / 2;
    re = new double[half];
    im = new double[half];
    otherRe = new double[half];
    otherIm = new double[half];
  }

  /**
   * Power of each bin.
   *
   * @param samples the first {@code samples.length} points; the others are zeros
   * @param power gets the bins 0 to Nyquist; caller-owned
   */
  void power(double[] samples, float[] power) {
    int half = re.length;
    for (int i = 0; i < half; i++) {
      re[i] = 2 * i < samples.length ? samples[2 * i] : 0;
      im[i] = 2 * i + 1 < samples.length ? samples[2 * i + 1] : 0;
    }
    int stage = 0;
    for (int stride = 1; stride < half; stride *= 4) {
      stage(half / stride, stride, tables.twiddles[stage++]);
      double[] swap = re;
      re = otherRe;
      otherRe = swap;
      swap = im;
      im = otherIm;
      otherIm = swap;
    }
    unpack(power);
  }

  private void stage(int points, int stride, double[] twiddles) {
    int quarter = points / 4;
    for (int p = 0; p < quarter; p++) {
      butterflies(p * stride, quarter * stride, stride, twiddles, 6 * p);
    }
  }

  /** {@code stride} butterflies with one set of twiddles; the inner loop is contiguous. */
  private void butterflies(int from, int jump, int stride, double[] twiddles, int at) {
    double[] xr = re;
    double[] xi = im;
    double[] yr = otherRe;
    double[] yi = otherIm;
    double w1r = twiddles[at];
    double w1i = twiddles[at + 1];
    double w2r = twiddles[at + 2];
    double w2i = twiddles[at + 3];
    double w3r = twiddles[at + 4];
    double w3i = twiddles[at + 5];
    int to = 4 * from;
    for (int q = 0; q < stride; q++) {
      int i = from + q;
      int o = to + q;
      double sumAcR = xr[i] + xr[i + 2 * jump];
      double sumAcI = xi[i] + xi[i + 2 * jump];
      double difAcR = xr[i] - xr[i + 2 * jump];
      double difAcI = xi[i] - xi[i + 2 * jump];
      double sumBdR = xr[i + jump] + xr[i + 3 * jump];
      double sumBdI = xi[i + jump] + xi[i + 3 * jump];
      double turnBdR = xi[i + 3 * jump] - xi[i + jump];
      double turnBdI = xr[i + jump] - xr[i + 3 * jump];
      yr[o] = sumAcR + sumBdR;
      yi[o] = sumAcI + sumBdI;
      double r = difAcR - turnBdR;
      double j = difAcI - turnBdI;
      yr[o + stride] = w1r * r - w1i * j;
      yi[o + stride] = w1r * j + w1i * r;
      r = sumAcR - sumBdR;
      j = sumAcI - sumBdI;
      yr[o + 2 * stride] = w2r * r - w2i * j;
      yi[o + 2 * stride] = w2r * j + w2i * r;
      r = difAcR + turnBdR;
      j = difAcI + turnBdI;
      yr[o + 3 * stride] = w3r * r - w3i * j;
      yi[o + 3 * stride] = w3r * j + w3i * r;
    }
  }

  /** Splits the transform of even + i odd samples into the real signal's bins. */
  private void unpack(float[] power) {
    int half = re.length;
    double dc = re[0] + im[0];
    double nyquist = re[0] - im[0];
    power[0] = (float) (dc * dc);
    power[half] = (float) (nyquist * nyquist);
    for (int k = 1; k < half; k++) {
      double evenR = re[k] + re[half - k];
      double evenI = im[k] - im[half - k];
      double oddR = im[k] + im[half - k];
      double oddI = re[half - k] - re[k];
      double c = tables.cos[k];
      double s = tables.sin[k];
      double r = evenR + c * oddR + s * oddI;
      double i = evenI + c * oddI - s * oddR;
      power[k] = (float) (0.25 * (r * r + i * i));
    }
  }

  /** Immutable: roots of unity from {@code StrictMath}, the same on every platform. */
  static final class Tables {
    final int samples;
    final double[][] twiddles;
    final double[] cos;
    final double[] sin;

    Tables(int samples) {
      this.samples = samples;
      int half = samples / 2;
      if (Integer.bitCount(half) != 1 || Integer.numberOfTrailingZeros(half) % 2 != 0) {
        throw new IllegalArgumentException(
            "samples \"%d\": must be twice a power of four".formatted(samples));
      }
      twiddles = new double[Integer.numberOfTrailingZeros(half) / 2][];
      int points = half;
      for (int stage = 0; stage < twiddles.length; stage++) {
        twiddles[stage] = new double[6 * (points / 4)];
        for (int p = 0; p < points / 4; p++) {
          for (int times = 1; times <= 3; times++) {
            double angle = -2 * Math.PI * p * times / points;
            twiddles[stage][6 * p + 2 * times - 2] = StrictMath.cos(angle);
            twiddles[stage][6 * p + 2 * times - 1] = StrictMath.sin(angle);
          }
        }
        points /= 4;
      }
      cos = new double[half];
      sin = new double[half];
      for (int k = 0; k < half; k++) {
        cos[k] = StrictMath.cos(2 * Math.PI * k / samples);
        sin[k] = StrictMath.sin(2 * Math.PI * k / samples);
      }
    }
  }
}
