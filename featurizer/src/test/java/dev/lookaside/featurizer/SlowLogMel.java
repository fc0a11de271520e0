package dev.lookaside.featurizer;

/** The front ends as their definitions read: float64, naive DFT, dense filters. */
final class SlowLogMel {
  private SlowLogMel() {}

  /** Kaldi fbank of a clip at 16 kHz, its mean removed first as AST does. */
  static double[][] astFbank(float[] clip) {
    double mean = 0;
    for (float x : clip) {
      mean += x;
    }
    mean /= Math.max(1, clip.length);
    int frames = clip.length < 400 ? 0 : 1 + (clip.length - 400) / 160;
    double[][] out = new double[frames][128];
    for (int f = 0; f < frames; f++) {
      double[] x = new double[400];
      double frameMean = 0;
      for (int i = 0; i < 400; i++) {
        x[i] = clip[160 * f + i] - mean;
        frameMean += x[i] / 400;
      }
      for (int i = 0; i < 400; i++) {
        x[i] -= frameMean;
      }
      for (int i = 399; i >= 0; i--) {
        x[i] -= 0.97 * x[Math.max(0, i - 1)];
      }
      for (int i = 0; i < 400; i++) {
        x[i] *= 0.5 - 0.5 * Math.cos(2 * Math.PI * i / 399);
      }
      double step = (kaldiMel(8000) - kaldiMel(20)) / 129;
      double[] power = power(x, 512, 256);
      for (int m = 0; m < 128; m++) {
        double sum = 0;
        for (int bin = 0; bin < 256; bin++) {
          double rise = (kaldiMel(bin * 16000.0 / 512) - kaldiMel(20)) / step - m;
          sum += Math.max(0, Math.min(rise, 2 - rise)) * power[bin];
        }
        out[f][m] = Math.log(Math.max(sum, Math.pow(2, -23)));
      }
    }
    return out;
  }

  /** librosa's EPIC-SOUNDS features of a clip at 24 kHz. */
  static double[][] epicLogMel(float[] clip) {
    int frames = clip.length == 0 ? 0 : 1 + clip.length / 120;
    double[] hz = new double[130];
    for (int i = 0; i < 130; i++) {
      double mel = 2595 * Math.log10(1 + 12000.0 / 700) * i / 129;
      hz[i] = 700 * (Math.pow(10, mel / 2595) - 1);
    }
    double[][] out = new double[frames][128];
    for (int f = 0; f < frames; f++) {
      double[] x = new double[240];
      for (int i = 0; i < 240; i++) {
        int at = 120 * f - 120 + i;
        double sample = at >= 0 && at < clip.length ? clip[at] : 0;
        x[i] = sample * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / 240));
      }
      double[] power = power(x, 2048, 1025);
      for (int m = 0; m < 128; m++) {
        double sum = 0;
        for (int bin = 0; bin < 1025; bin++) {
          double at = bin * 24000.0 / 2048;
          double up = (at - hz[m]) / (hz[m + 1] - hz[m]);
          double down = (hz[m + 2] - at) / (hz[m + 2] - hz[m + 1]);
          sum += Math.max(0, Math.min(up, down)) * Math.sqrt(power[bin]);
        }
        out[f][m] = Math.log(sum + 1e-6);
      }
    }
    return out;
  }

  private static double kaldiMel(double hz) {
    return 1127 * Math.log(1 + hz / 700);
  }

  private static double[] power(double[] x, int points, int bins) {
    double[] out = new double[bins];
    for (int bin = 0; bin < bins; bin++) {
      double re = 0;
      double im = 0;
      for (int i = 0; i < x.length; i++) {
        double angle = -2 * Math.PI * ((long) bin * i % points) / points;
        re += x[i] * Math.cos(angle);
        im += x[i] * Math.sin(angle);
      }
      out[bin] = re * re + im * im;
    }
    return out;
  }
}
