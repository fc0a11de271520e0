package dev.lookaside.featurizer;

import be.tarsos.dsp.util.fft.FFT;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * Log-mel frames of one front end. Tables are shared by all instances; the scratch buffer is not,
 * so an instance belongs to one owner (thread or actor) at a time. Computing a frame allocates
 * nothing.
 */
public final class LogMel {
  /** Raise it whenever a feature's value changes: it is part of every fingerprint. */
  private static final int VERSION = 1;

  private static final double PRE_EMPHASIS = 0.97;
  private static final double KALDI_LOW_HZ = 20;

  /** Kaldi's floor: the distance from 1 to the next float, 2<sup>-23</sup>. */
  private static final float KALDI_FLOOR = 0x1p-23f;

  private static final float EPIC_OFFSET = 1e-6f;

  /**
   * Mel energy, as a share of the frame's mean power per bin, below which single precision is not
   * trusted. On a thousand everyday sounds a third of the frames is below, and what is left off
   * stays under 2e-4 in the logarithm (without: 6e-3).
   */
  private static final double KALDI_FLOAT_RANGE = 3e-5;

  private static final double EPIC_FLOAT_RANGE = 1e-4;

  private static final Map<FrontEnd, Tables> TABLES = tables();

  private final FrontEnd frontEnd;
  private final Tables tables;
  private final float[] transform;
  private final float[] spectrum;
  private final double[] tapered;
  private final DoubleFft exact;

  private LogMel(FrontEnd frontEnd, Tables tables) {
    this.frontEnd = frontEnd;
    this.tables = tables;
    transform = new float[frontEnd.fftSamples()];
    spectrum = new float[frontEnd.fftSamples() / 2 + 1];
    tapered = new double[frontEnd.frameSamples()];
    exact = new DoubleFft(tables.exact);
  }

  /** A new instance with its own scratch buffer (8 to 12 KiB). */
  public static LogMel of(FrontEnd frontEnd) {
    return new LogMel(frontEnd, Objects.requireNonNull(TABLES.get(frontEnd)));
  }

  /** What it computes. */
  public FrontEnd frontEnd() {
    return frontEnd;
  }

  /**
   * Frames of a clip.
   *
   * @param samples samples at the front end's rate
   */
  public int frameCount(long samples) {
    return Math.toIntExact(frontEnd.frameCount(samples));
  }

  /**
   * All frames of a clip. AST subtracts the clip's mean first; Kaldi's removal of each frame's mean
   * makes that step void, so it is left out.
   *
   * @param mono mono samples at the front end's rate, [-1, 1]; not retained
   * @return row-major {@code [frames][mels]}, natural logarithms, neither padded nor normalised;
   *     empty if the clip is shorter than a frame
   */
  public float[] clip(float[] mono) {
    int frames = frameCount(mono.length);
    int mels = frontEnd.mels();
    float[] out = new float[Math.multiplyExact(frames, mels)];
    float[] edge = new float[frontEnd.frameSamples()];
    for (int frame = 0; frame < frames; frame++) {
      int from = Math.toIntExact(frontEnd.fromSample(frame));
      int until = from + edge.length;
      if (from >= 0 && until <= mono.length) {
        frame(mono, from, out, frame * mels);
      } else {
        Arrays.fill(edge, 0);
        int first = Math.max(from, 0);
        System.arraycopy(mono, first, edge, first - from, Math.min(until, mono.length) - first);
        frame(edge, 0, out, frame * mels);
      }
    }
    return out;
  }

  /**
   * One frame.
   *
   * @param samples holds the frame's {@code frameSamples} samples from index {@code from} on; not
   *     retained
   * @param out gets {@code mels} values from index {@code at} on; caller-owned
   */
  public void frame(float[] samples, int from, float[] out, int at) {
    taper(samples, from);
    transform();
    tables.bank.apply(spectrum, out, at);
    if (tooWideForFloat(out, at)) {
      exact.power(tapered, spectrum);
      magnitudes();
      tables.bank.apply(spectrum, out, at);
    }
    int until = at + tables.mels;
    if (frontEnd == FrontEnd.AST_FBANK) {
      for (int i = at; i < until; i++) {
        out[i] = NaturalLog.of(Math.max(out[i], KALDI_FLOOR));
      }
    } else {
      for (int i = at; i < until; i++) {
        out[i] = NaturalLog.of(out[i] + EPIC_OFFSET);
      }
    }
  }

  private void taper(float[] samples, int from) {
    double[] taper = tables.taper;
    if (frontEnd == FrontEnd.AST_FBANK) {
      double mean = mean(samples, from, taper.length);
      // Before a frame's first sample Kaldi repeats it.
      tapered[0] = (samples[from] - mean) * (1 - PRE_EMPHASIS) * taper[0];
      for (int i = 1; i < taper.length; i++) {
        double now = samples[from + i] - mean;
        double before = samples[from + i - 1] - mean;
        tapered[i] = (now - PRE_EMPHASIS * before) * taper[i];
      }
    } else {
      // librosa puts the taper into the middle of the transform; that turns phases only.
      for (int i = 0; i < taper.length; i++) {
        tapered[i] = samples[from + i] * taper[i];
      }
    }
  }

  /** Spectrum by TarsosDSP's transform: single precision. */
  private void transform() {
    float[] a = transform;
    for (int i = 0; i < tapered.length; i++) {
      a[i] = (float) tapered[i];
    }
    Arrays.fill(a, tapered.length, a.length, 0);
    tables.fft.forwardTransform(a);
    // Packed: a[0] is bin 0, a[1] the Nyquist bin, then real and imaginary parts in turn.
    int half = a.length / 2;
    spectrum[0] = a[0] * a[0];
    for (int bin = 1; bin < half; bin++) {
      float re = a[2 * bin];
      float im = a[2 * bin + 1];
      spectrum[bin] = re * re + im * im;
    }
    spectrum[half] = a[1] * a[1];
    magnitudes();
  }

  private void magnitudes() {
    if (frontEnd == FrontEnd.EPIC_LOGMEL) {
      for (int bin = 0; bin < spectrum.length; bin++) {
        spectrum[bin] = (float) Math.sqrt(spectrum[bin]);
      }
    }
  }

  /**
   * A single precision transform spreads about 1e-7 of a frame's loudest bins over all its bins.
   * True if that would show in a quiet one.
   */
  private boolean tooWideForFloat(float[] out, int at) {
    double power = 0;
    for (double x : tapered) {
      power += x * x;
    }
    if (frontEnd == FrontEnd.AST_FBANK) {
      float limit = (float) (power * KALDI_FLOAT_RANGE);
      float floor = 0.9f * KALDI_FLOOR;
      for (int i = at; i < at + tables.mels; i++) {
        if (out[i] > floor && out[i] < limit) {
          return true;
        }
      }
    } else {
      float limit = (float) Math.sqrt(power * EPIC_FLOAT_RANGE);
      for (int i = at; i < at + tables.mels; i++) {
        if (out[i] + EPIC_OFFSET < limit) {
          return true;
        }
      }
    }
    return false;
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

  /** Everything that a frame's value depends on, one {@code key=value} a line. */
  static String canonicalText(FrontEnd frontEnd) {
    String specific =
        frontEnd == FrontEnd.AST_FBANK
            ? """
              dc=frame-mean
              preemphasis=%s
              taper=hann-symmetric
              spectrum=power
              mel=kaldi-1127 %s..%s
              log=ln max(x, %s)
              float_range=%s
              """
                .formatted(
                    PRE_EMPHASIS,
                    KALDI_LOW_HZ,
                    frontEnd.rateHz() / 2.0,
                    KALDI_FLOOR,
                    KALDI_FLOAT_RANGE)
            : """
              dc=kept
              preemphasis=0
              taper=hann-periodic
              spectrum=magnitude
              mel=htk-2595 %s..%s
              log=ln(x + %s)
              float_range=%s
              """
                .formatted(0.0, frontEnd.rateHz() / 2.0, EPIC_OFFSET, EPIC_FLOAT_RANGE);
    return """
        frontend=%s
        frontend.version=%d
        rate_hz=%d
        hop_samples=%d
        frame_samples=%d
        lead_samples=%d
        fft_samples=%d
        mels=%d
        """
            .formatted(
                frontEnd.id(),
                VERSION,
                frontEnd.rateHz(),
                frontEnd.hopSamples(),
                frontEnd.frameSamples(),
                frontEnd.leadSamples(),
                frontEnd.fftSamples(),
                frontEnd.mels())
        + specific;
  }

  private static Map<FrontEnd, Tables> tables() {
    Map<FrontEnd, Tables> all = new EnumMap<>(FrontEnd.class);
    for (FrontEnd f : FrontEnd.values()) {
      double nyquistHz = f.rateHz() / 2.0;
      boolean kaldi = f == FrontEnd.AST_FBANK;
      MelBank bank =
          kaldi
              ? MelBank.kaldi(f.mels(), f.fftSamples(), f.rateHz(), KALDI_LOW_HZ, nyquistHz)
              : MelBank.htk(f.mels(), f.fftSamples(), f.rateHz(), 0, nyquistHz);
      int period = kaldi ? f.frameSamples() - 1 : f.frameSamples();
      all.put(f, new Tables(hann(f.frameSamples(), period), bank, f));
    }
    return all;
  }

  private static double[] hann(int samples, int period) {
    double[] taper = new double[samples];
    for (int i = 0; i < samples; i++) {
      taper[i] = 0.5 - 0.5 * StrictMath.cos(2 * Math.PI * i / period);
    }
    return taper;
  }

  /** Read-only, shared by all threads; TarsosDSP's transform only reads its own tables. */
  private static final class Tables {
    final double[] taper;
    final MelBank bank;
    final FFT fft;
    final DoubleFft.Tables exact;
    final int mels;

    Tables(double[] taper, MelBank bank, FrontEnd frontEnd) {
      this.taper = taper;
      this.bank = bank;
      fft = new FFT(frontEnd.fftSamples());
      exact = new DoubleFft.Tables(frontEnd.fftSamples());
      mels = frontEnd.mels();
    }
  }
}
