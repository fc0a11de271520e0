package dev.lookaside.featurizer;

import dev.lookaside.ingest.AudioFormat;
import java.lang.ref.WeakReference;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Sample rate conversion on absolute sample positions: output sample {@code n} is a pure function
 * of the input samples around {@code n * fromHz / toHz}, in exact integer arithmetic, so it has the
 * same bits however the input was cut and wherever processing began. A polyphase Kaiser-windowed
 * sinc: pass band to 92 % of the lower Nyquist frequency, at least 90 dB down from that frequency
 * on. Equal rates pass through.
 *
 * <p>Immutable and shared by all streams of the same ratio; a stream keeps only its last few input
 * samples.
 */
public final class Resampler {
  private static final Map<Long, WeakReference<Resampler>> SHARED = new ConcurrentHashMap<>();

  private final long inStep;
  private final long outStep;
  private final @Nullable ResamplerTaps taps;

  private Resampler(long inStep, long outStep) {
    this.inStep = inStep;
    this.outStep = outStep;
    taps = inStep == outStep ? null : new ResamplerTaps(inStep, outStep);
  }

  /**
   * The converter of a pair of rates; its table lives as long as someone uses it.
   *
   * @throws dev.lookaside.ingest.IngestException naming {@code rate} if one is not 1 kHz to 1 MHz
   */
  public static Resampler of(int fromHz, int toHz) {
    AudioFormat.checkRate(fromHz);
    AudioFormat.checkRate(toHz);
    int divisor = BigInteger.valueOf(fromHz).gcd(BigInteger.valueOf(toHz)).intValueExact();
    int inStep = fromHz / divisor;
    int outStep = toHz / divisor;
    long key = (long) inStep << Integer.SIZE | outStep;
    WeakReference<Resampler> known = SHARED.get(key);
    Resampler found = known == null ? null : known.get();
    if (found == null) {
      found = new Resampler(inStep, outStep);
      SHARED.put(key, new WeakReference<>(found));
    }
    return found;
  }

  /** Input samples needed on each side of an output sample; 0 if it passes through. */
  int reachSamples() {
    return taps == null ? 0 : taps.halfTaps;
  }

  /** Output samples of an input of {@code samples} samples that starts at sample 0. */
  public long outputCount(long samples) {
    return ceil(samples * outStep, inStep);
  }

  /** First input sample that output {@code n} sees; negative: before sample 0. */
  public long fromInput(long n) {
    return taps == null ? n : Math.floorDiv(n * inStep, outStep) - taps.halfTaps + 1;
  }

  /** End (exclusive) of the input samples that output {@code n} sees. */
  public long untilInput(long n) {
    return taps == null ? n + 1 : Math.floorDiv(n * inStep, outStep) + taps.halfTaps + 1;
  }

  /** First output sample that sees nothing before input sample {@code from}. */
  public long firstOutput(long from) {
    return taps == null ? from : ceil((from + taps.halfTaps - 1) * outStep, inStep);
  }

  /** End (exclusive) of the output samples that see nothing from input sample {@code until} on. */
  public long untilOutput(long until) {
    return taps == null ? until : ceil((until - taps.halfTaps) * outStep, inStep);
  }

  /** Position of output sample {@code n} among the input samples, rounded down. */
  public long toInputFloor(long n) {
    return Math.floorDiv(n * inStep, outStep);
  }

  /** Position of output sample {@code n} among the input samples, rounded up. */
  public long toInputCeil(long n) {
    return ceil(n * inStep, outStep);
  }

  /**
   * Computes output samples.
   *
   * @param in input samples; outside it the input is zero; not retained
   * @param inFrom absolute position of {@code in[0]}
   * @param inCount samples of {@code in} that are set
   * @param fromOutput first output sample
   * @param untilOutput end (exclusive) of the output samples
   * @param out gets them from index {@code at} on; caller-owned
   */
  public void resample(
      float[] in,
      long inFrom,
      int inCount,
      long fromOutput,
      long untilOutput,
      float[] out,
      int at) {
    if (taps == null) {
      for (long n = fromOutput; n < untilOutput; n++) {
        long i = n - inFrom;
        out[at++] = i >= 0 && i < inCount ? in[(int) i] : 0;
      }
      return;
    }
    int length = 2 * taps.halfTaps;
    float[] edge = new float[0];
    for (long n = fromOutput; n < untilOutput; n++) {
      long position = n * inStep;
      long whole = Math.floorDiv(position, outStep);
      long phase = position - whole * outStep;
      long from = whole - taps.halfTaps + 1 - inFrom;
      if (from >= 0 && from + length <= inCount) {
        out[at++] = output(taps, phase, in, (int) from);
      } else {
        edge = edge.length == 0 ? new float[length] : edge;
        for (int k = 0; k < length; k++) {
          long i = from + k;
          edge[k] = i >= 0 && i < inCount ? in[(int) i] : 0;
        }
        out[at++] = output(taps, phase, edge, 0);
      }
    }
  }

  /**
   * A whole clip.
   *
   * @param mono input samples; not retained
   * @return {@link #outputCount} samples; {@code mono} itself if it passes through
   */
  public float[] clip(float[] mono) {
    if (taps == null) {
      return mono;
    }
    float[] out = new float[Math.toIntExact(outputCount(mono.length))];
    resample(mono, 0, mono.length, 0, out.length, out, 0);
    return out;
  }

  private float output(ResamplerTaps taps, long phase, float[] in, int from) {
    if (!taps.interpolated) {
      return taps.dot((int) phase, in, from);
    }
    long scaled = phase * taps.phases;
    int row = (int) (scaled / outStep);
    float share = (float) (scaled % outStep) / outStep;
    return (1 - share) * taps.dot(row, in, from) + share * taps.dot(row + 1, in, from);
  }

  private static long ceil(long dividend, long divisor) {
    return -Math.floorDiv(-dividend, divisor);
  }

  /** Everything that a resampled value depends on, one {@code key=value} a line. */
  static String canonicalText() {
    return String.format(
        Locale.ROOT,
        """
        resampler=kaiser-sinc
        resampler.version=%d
        resampler.pass=%s
        resampler.stop_db=%s
        resampler.max_exact_taps=%d
        """,
        ResamplerTaps.VERSION,
        ResamplerTaps.PASS,
        ResamplerTaps.STOP_DB,
        ResamplerTaps.MAX_EXACT_TAPS);
  }
}
