package dev.lookaside.featurizer;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Log-mel frames of one front end. Any number of threads may share an instance; computing a frame
 * allocates nothing.
 *
 * <p>TarsosDSP's transform is single precision: it spreads about 1e-7 of a frame's loudest bins
 * over all its bins, which shows where a quiet mel band stands beside a loud tone (up to 5e-3 in
 * the logarithm). Such frames are transformed again in double precision.
 */
public final class LogMel {
  /** Raise it whenever a feature's value changes: it is part of every fingerprint. */
  private static final int VERSION = 1;

  private static final double KALDI_LOW_HZ = 20;

  /** Kaldi's floor: the distance from 1 to the next float, 2<sup>-23</sup>. */
  private static final float KALDI_FLOOR = 0x1p-23f;

  private static final float EPIC_OFFSET = 1e-6f;

  /**
   * Mel energy, as a share of the frame's mean power per bin, below which single precision is not
   * trusted. Measured on everyday sounds: 44 % of the frames are below, the rest is within 1.2e-4.
   */
  private static final double KALDI_FLOAT_RANGE = 3e-5;

  /** As above for squared mel magnitude: 34 % of the frames, the rest is within 2e-4. */
  private static final double EPIC_FLOAT_RANGE = 1e-4;

  private static final Map<FrontEnd, LogMel> ALL = all();

  private final FrontEnd frontEnd;
  private final MelBank bank;
  private final ThreadLocal<FrameSpectrum> spectra;

  private LogMel(FrontEnd frontEnd) {
    this.frontEnd = frontEnd;
    int mels = frontEnd.mels();
    int points = frontEnd.fftSamples();
    double rateHz = frontEnd.rateHz();
    bank =
        frontEnd == FrontEnd.AST_FBANK
            ? MelBank.kaldi(mels, points, rateHz, KALDI_LOW_HZ, rateHz / 2)
            : MelBank.htk(mels, points, rateHz, 0, rateHz / 2);
    spectra = ThreadLocal.withInitial(() -> new FrameSpectrum(frontEnd));
  }

  /** The instance of a front end. */
  public static LogMel of(FrontEnd frontEnd) {
    return Objects.requireNonNull(ALL.get(frontEnd));
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
   * @param out gets {@code mels} values from index {@code at} on, always finite; caller-owned
   */
  public void frame(float[] samples, int from, float[] out, int at) {
    FrameSpectrum spectrum = spectra.get();
    spectrum.transform(samples, from);
    bank.apply(spectrum.bins(), out, at);
    if (tooWideForFloat(spectrum.meanPower(), out, at)) {
      spectrum.transformExactly();
      bank.apply(spectrum.bins(), out, at);
    }
    int until = at + frontEnd.mels();
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

  /** True if some band lies so far below the frame's power that float rounding shows in it. */
  private boolean tooWideForFloat(double meanPower, float[] mel, int at) {
    int until = at + frontEnd.mels();
    if (frontEnd == FrontEnd.AST_FBANK) {
      float floor = 0.9f * KALDI_FLOOR; // what is clearly below becomes the floor anyhow
      float limit = (float) (meanPower * KALDI_FLOAT_RANGE);
      for (int i = at; i < until; i++) {
        if (mel[i] > floor && mel[i] < limit) {
          return true;
        }
      }
    } else {
      float limit = (float) Math.sqrt(meanPower * EPIC_FLOAT_RANGE);
      for (int i = at; i < until; i++) {
        if (mel[i] + EPIC_OFFSET < limit) {
          return true;
        }
      }
    }
    return false;
  }

  /** Everything that a frame's value depends on, one {@code key=value} a line. */
  static String canonicalText(FrontEnd frontEnd) {
    return String.format(
            Locale.ROOT,
            """
    frontend=%s
    frontend.version=%d
    rate_hz=%d
    hop_samples=%d
    frame_samples=%d
    lead_samples=%d
    fft_samples=%d
    mels=%d
    """,
            frontEnd.id(),
            VERSION,
            frontEnd.rateHz(),
            frontEnd.hopSamples(),
            frontEnd.frameSamples(),
            frontEnd.leadSamples(),
            frontEnd.fftSamples(),
            frontEnd.mels())
        + (frontEnd == FrontEnd.AST_FBANK ? kaldiText() : epicText());
  }

  private static String kaldiText() {
    return String.format(
        Locale.ROOT,
        """
    dc=frame-mean
    preemphasis=%s
    taper=hann-symmetric
    spectrum=power
    mel=kaldi-1127 from %s Hz
    log=ln max(x, %s)
    float_range=%s
    """,
        FrameSpectrum.PRE_EMPHASIS,
        KALDI_LOW_HZ,
        KALDI_FLOOR,
        KALDI_FLOAT_RANGE);
  }

  private static String epicText() {
    return String.format(
        Locale.ROOT,
        """
    taper=hann-periodic
    spectrum=magnitude
    mel=htk-2595 from 0 Hz
    log=ln(x + %s)
    float_range=%s
    """,
        EPIC_OFFSET,
        EPIC_FLOAT_RANGE);
  }

  private static Map<FrontEnd, LogMel> all() {
    Map<FrontEnd, LogMel> all = new EnumMap<>(FrontEnd.class);
    for (FrontEnd frontEnd : FrontEnd.values()) {
      all.put(frontEnd, new LogMel(frontEnd));
    }
    return all;
  }
}
