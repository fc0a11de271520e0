package dev.lookaside.featurizer;

import java.util.Locale;

/**
 * The log-mel front ends. Frame {@code i} of a stream sees the samples {@code [i * hopSamples -
 * leadSamples, i * hopSamples - leadSamples + frameSamples)} at {@link #rateHz()}, counted from the
 * stream's first sample; samples before the stream and after a segment's end are zeros.
 */
public enum FrontEnd {
  /**
   * Kaldi's fbank as the Audio Spectrogram Transformer uses it (torchaudio's {@code
   * compliance.kaldi.fbank}, {@code htk_compat=True, window_type="hanning", num_mel_bins=128,
   * dither=0}): 25 ms frames every 10 ms that lie wholly inside the signal ({@code snip_edges}),
   * mean removed per frame, pre-emphasis 0.97, symmetric Hann taper, power spectrum, mel = 1127
   * ln(1 + f / 700) from 20 Hz to 8 kHz, natural logarithm with floor 2<sup>-23</sup>.
   */
  AST_FBANK("ast-fbank", 16_000, 160, 400, 0, 512),

  /**
   * The EPIC-SOUNDS recognition features (librosa): centred 10 ms frames every 5 ms, periodic Hann
   * taper of 240 samples in a 2048-point transform, magnitude spectrum, HTK mel from 0 Hz to 12 kHz
   * without area normalisation, ln(mel + 1e-6).
   */
  EPIC_LOGMEL("epic-logmel", 24_000, 120, 240, 120, 2048);

  private static final int MELS = 128;

  private final String id;
  private final int rateHz;
  private final int hopSamples;
  private final int frameSamples;
  private final int leadSamples;
  private final int fftSamples;

  FrontEnd(
      String id, int rateHz, int hopSamples, int frameSamples, int leadSamples, int fftSamples) {
    this.id = id;
    this.rateHz = rateHz;
    this.hopSamples = hopSamples;
    this.frameSamples = frameSamples;
    this.leadSamples = leadSamples;
    this.fftSamples = fftSamples;
  }

  /**
   * The front end called {@code id} in configuration and adapter files.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  public static FrontEnd of(String id) {
    for (FrontEnd frontEnd : values()) {
      if (frontEnd.id.equals(id.toLowerCase(Locale.ROOT))) {
        return frontEnd;
      }
    }
    throw new IllegalArgumentException(
        "frontend \"%s\": must be ast-fbank or epic-logmel".formatted(id));
  }

  /** The name in configuration and adapter files: {@code ast-fbank}, {@code epic-logmel}. */
  public String id() {
    return id;
  }

  /** Rate of the samples it takes, Hz. */
  public int rateHz() {
    return rateHz;
  }

  /** Samples at {@link #rateHz()} from one frame to the next. */
  public int hopSamples() {
    return hopSamples;
  }

  /** Samples at {@link #rateHz()} that one frame sees. */
  public int frameSamples() {
    return frameSamples;
  }

  /** Samples that frame 0 sees before the stream's first one (centred frames). */
  public int leadSamples() {
    return leadSamples;
  }

  /** Values of one frame. */
  public int mels() {
    return MELS;
  }

  /** Length of the Fourier transform, samples. */
  int fftSamples() {
    return fftSamples;
  }

  /** Seconds from one frame to the next. */
  public double hopSeconds() {
    return (double) hopSamples / rateHz;
  }

  /**
   * First sample (at {@link #rateHz()}) that frame {@code frame} sees; negative: before sample 0.
   */
  public long fromSample(long frame) {
    return frame * hopSamples - leadSamples;
  }

  /** End (exclusive) of the samples that frame {@code frame} sees. */
  public long untilSample(long frame) {
    return fromSample(frame) + frameSamples;
  }

  /**
   * Frames of a signal of {@code samples} samples at {@link #rateHz()} that starts at sample 0 and
   * ends there.
   */
  public long frameCount(long samples) {
    if (leadSamples > 0) {
      return samples <= 0 ? 0 : 1 + samples / hopSamples;
    }
    return samples < frameSamples ? 0 : 1 + (samples - frameSamples) / hopSamples;
  }

  @Override
  public String toString() {
    return id;
  }
}
