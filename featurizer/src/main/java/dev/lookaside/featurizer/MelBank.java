package dev.lookaside.featurizer;

import java.util.Arrays;

/** Triangular mel filters over the bins of a spectrum, stored without their zeros. Immutable. */
final class MelBank {
  private final int[] firstBin;
  private final int[] weightsFrom;
  private final float[] weights;

  private MelBank(double[][] dense) {
    firstBin = new int[dense.length];
    weightsFrom = new int[dense.length + 1];
    float[] packed = new float[dense.length * dense[0].length];
    int used = 0;
    for (int mel = 0; mel < dense.length; mel++) {
      double[] row = dense[mel];
      int from = 0;
      while (from < row.length && row[from] == 0) {
        from++;
      }
      int until = row.length;
      while (until > from && row[until - 1] == 0) {
        until--;
      }
      firstBin[mel] = from == until ? 0 : from;
      weightsFrom[mel] = used;
      for (int bin = from; bin < until; bin++) {
        packed[used++] = (float) row[bin];
      }
    }
    weightsFrom[dense.length] = used;
    weights = Arrays.copyOf(packed, used);
  }

  /**
   * Kaldi's bank: triangles linear in mel, mel = 1127 ln(1 + f / 700); the Nyquist bin has no
   * weight. Low filters narrower than a bin are empty.
   *
   * @see <a
   *     href="https://github.com/kaldi-asr/kaldi/blob/master/src/feat/mel-computations.cc">Kaldi,
   *     feat/mel-computations</a>
   */
  static MelBank kaldi(int mels, int fftSamples, double rateHz, double lowHz, double highHz) {
    double low = kaldiMel(lowHz);
    double step = (kaldiMel(highHz) - low) / (mels + 1);
    double[][] dense = new double[mels][fftSamples / 2];
    for (int mel = 0; mel < mels; mel++) {
      double left = low + mel * step;
      double right = left + 2 * step;
      for (int bin = 0; bin < dense[mel].length; bin++) {
        double at = kaldiMel(bin * rateHz / fftSamples);
        dense[mel][bin] = Math.max(0, Math.min((at - left) / step, (right - at) / step));
      }
    }
    return new MelBank(dense);
  }

  /**
   * HTK's mel = 2595 log10(1 + f / 700) with triangles linear in Hz and peak one, as {@code
   * librosa.filters.mel(htk=True, norm=None)}; the Nyquist bin counts.
   */
  static MelBank htk(int mels, int fftSamples, double rateHz, double lowHz, double highHz) {
    double low = htkMel(lowHz);
    double step = (htkMel(highHz) - low) / (mels + 1);
    double[][] dense = new double[mels][fftSamples / 2 + 1];
    for (int mel = 0; mel < mels; mel++) {
      double left = htkHz(low + mel * step);
      double centre = htkHz(low + (mel + 1) * step);
      double right = htkHz(low + (mel + 2) * step);
      for (int bin = 0; bin < dense[mel].length; bin++) {
        double hz = bin * rateHz / fftSamples;
        dense[mel][bin] =
            Math.max(0, Math.min((hz - left) / (centre - left), (right - hz) / (right - centre)));
      }
    }
    return new MelBank(dense);
  }

  /**
   * Weighs a spectrum.
   *
   * @param spectrum power or magnitude of each bin from 0 Hz; not retained
   * @param out gets one sum per filter from index {@code at} on; caller-owned
   */
  void apply(float[] spectrum, float[] out, int at) {
    int next = weightsFrom[0];
    for (int mel = 0; mel < firstBin.length; mel++) {
      int until = weightsFrom[mel + 1];
      int shift = firstBin[mel] - next;
      float sum = 0;
      for (; next < until; next++) {
        sum += weights[next] * spectrum[next + shift];
      }
      out[at + mel] = sum;
    }
  }

  // StrictMath: the same table on every platform.
  private static double kaldiMel(double hz) {
    return 1127.0 * StrictMath.log(1 + hz / 700);
  }

  private static double htkMel(double hz) {
    return 2595.0 * StrictMath.log10(1 + hz / 700);
  }

  private static double htkHz(double mel) {
    return 700 * (StrictMath.pow(10, mel / 2595.0) - 1);
  }
}
