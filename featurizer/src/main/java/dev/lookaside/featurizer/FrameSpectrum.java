package dev.lookaside.featurizer;

import be.tarsos.dsp.util.fft.FFT;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Spectrum of one frame: taper, then TarsosDSP's transform in single precision, or our own in
 * double precision. Holds the scratch buffers, so an instance belongs to one thread; the tables are
 * shared.
 */
final class FrameSpectrum {
  static final double PRE_EMPHASIS = 0.97;

  private static final Map<FrontEnd, Tables> TABLES = tables();

  private final FrontEnd frontEnd;
  private final Tables tables;
  private final double[] tapered;
  private final float[] transform;
  private final float[] bins;
  private final DoubleFft exact;

  FrameSpectrum(FrontEnd frontEnd) {
    this.frontEnd = frontEnd;
    tables = Objects.requireNonNull(TABLES.get(frontEnd));
    tapered = new double[frontEnd.frameSamples()];
    transform = new float[frontEnd.fftSamples()];
    bins = new float[frontEnd.fftSamples() / 2 + 1];
    exact = new DoubleFft(tables.exact);
  }

  /** Power ({@code ast-fbank}) or magnitude of the bins 0 to Nyquist; overwritten by the next. */
  float[] bins() {
    return bins;
  }

  /** Mean power per bin. */
  double meanPower() {
    double power = 0;
    for (double x : tapered) {
      power += x * x;
    }
    return power;
  }

  /** Takes the frame that starts at {@code samples[from]} and transforms it in single precision. */
  void transform(float[] samples, int from) {
    if (frontEnd == FrontEnd.AST_FBANK) {
      taperKaldi(samples, from);
    } else {
      taperPlain(samples, from);
    }
    float[] a = transform;
    for (int i = 0; i < tapered.length; i++) {
      a[i] = (float) tapered[i];
    }
    Arrays.fill(a, tapered.length, a.length, 0);
    tables.fft.forwardTransform(a);
    // Packed: a[0] is bin 0, a[1] the Nyquist bin, then real and imaginary parts in turn.
    int half = a.length / 2;
    bins[0] = a[0] * a[0];
    for (int bin = 1; bin < half; bin++) {
      float re = a[2 * bin];
      float im = a[2 * bin + 1];
      bins[bin] = re * re + im * im;
    }
    bins[half] = a[1] * a[1];
    toMagnitudes();
  }

  /** Transforms the same frame again, in double precision. */
  void transformExactly() {
    exact.power(tapered, bins);
    toMagnitudes();
  }

  private void taperKaldi(float[] samples, int from) {
    double[] taper = tables.taper;
    double mean = mean(samples, from, taper.length);
    // Before a frame's first sample Kaldi repeats it.
    tapered[0] = (samples[from] - mean) * (1 - PRE_EMPHASIS) * taper[0];
    for (int i = 1; i < taper.length; i++) {
      double now = samples[from + i] - mean;
      double before = samples[from + i - 1] - mean;
      tapered[i] = (now - PRE_EMPHASIS * before) * taper[i];
    }
  }

  private void taperPlain(float[] samples, int from) {
    // librosa puts the taper into the middle of the transform; that turns phases only.
    double[] taper = tables.taper;
    for (int i = 0; i < taper.length; i++) {
      tapered[i] = samples[from + i] * taper[i];
    }
  }

  private void toMagnitudes() {
    if (frontEnd == FrontEnd.EPIC_LOGMEL) {
      for (int bin = 0; bin < bins.length; bin++) {
        bins[bin] = (float) Math.sqrt(bins[bin]);
      }
    }
  }

  /**
   * Level of {@code count} samples without their mean, dB re full scale (a square wave of amplitude
   * 1 is 0 dBFS, a sine -3.01); digital silence is -infinity.
   */
  static double levelDbfs(float[] samples, int from, int count) {
    double mean = mean(samples, from, count);
    double power = 0;
    for (int i = from; i < from + count; i++) {
      double x = samples[i] - mean;
      power += x * x;
    }
    return 10 * StrictMath.log10(power / count);
  }

  /** Four running sums, always in this order: the same bits in every run. */
  private static double mean(float[] samples, int from, int count) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int until = from + count;
    int i = from;
    for (; i + 3 < until; i += 4) {
      a += samples[i];
      b += samples[i + 1];
      c += samples[i + 2];
      d += samples[i + 3];
    }
    for (; i < until; i++) {
      a += samples[i];
    }
    return ((a + b) + (c + d)) / count;
  }

  private static Map<FrontEnd, Tables> tables() {
    Map<FrontEnd, Tables> all = new EnumMap<>(FrontEnd.class);
    for (FrontEnd frontEnd : FrontEnd.values()) {
      all.put(frontEnd, new Tables(frontEnd));
    }
    return all;
  }

  /** Read-only, shared by all threads; TarsosDSP's transform only reads its own tables. */
  private static final class Tables {
    final double[] taper;
    final FFT fft;
    final DoubleFft.Tables exact;

    Tables(FrontEnd frontEnd) {
      int samples = frontEnd.frameSamples();
      taper = hann(samples, frontEnd == FrontEnd.AST_FBANK ? samples - 1 : samples);
      fft = new FFT(frontEnd.fftSamples());
      exact = new DoubleFft.Tables(frontEnd.fftSamples());
    }

    private static double[] hann(int samples, int period) {
      double[] taper = new double[samples];
      for (int i = 0; i < samples; i++) {
        taper[i] = 0.5 - 0.5 * StrictMath.cos(2 * Math.PI * i / period);
      }
      return taper;
    }
  }
}
