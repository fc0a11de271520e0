package dev.lookaside.featurizer;

import java.util.Arrays;

/**
 * A segment's samples at the front end's rate, from the oldest one still needed on. Resamples what
 * is appended as far as it is known.
 */
final class SampleRun {
  private final Resampler resampler;

  /** Native samples that outputs still to come need. */
  private float[] tail = new float[0];

  private long tailFrom;

  private float[] samples = new float[0];
  private long samplesFrom;

  /**
   * @param nativeFrom first native sample
   * @param from first output sample to make
   * @param zeros zeros before it
   */
  SampleRun(Resampler resampler, long nativeFrom, long from, int zeros) {
    this.resampler = resampler;
    tailFrom = nativeFrom;
    samples = new float[zeros];
    samplesFrom = from - zeros;
  }

  /** End (exclusive) of the samples made so far. */
  long until() {
    return samplesFrom + samples.length;
  }

  /** Takes the next native samples; not written, retained only as far as needed. */
  void append(float[] next) {
    float[] known = joined(tail, next);
    long nativeUntil = tailFrom + known.length;
    resampleUntil(resampler.untilOutput(nativeUntil), known);
    long needed = Math.min(nativeUntil, resampler.fromInput(until()));
    int dropped = (int) Math.max(0, needed - tailFrom);
    // A copy, so that a long chunk does not stay in memory for its last few samples.
    tail = dropped == 0 ? known : Arrays.copyOfRange(known, dropped, known.length);
    tailFrom += dropped;
  }

  /** The segment is over: the samples until {@code until} are made, with zeros after its end. */
  void finish(long until) {
    resampleUntil(until, tail);
  }

  /** Adds zeros until sample {@code until}. */
  void padUntil(long until) {
    if (until > until()) {
      samples = Arrays.copyOf(samples, Math.toIntExact(until - samplesFrom));
    }
  }

  /** The samples; sample {@code n} stands at {@link #indexOf}. Valid until the next change. */
  float[] samples() {
    return samples;
  }

  int indexOf(long n) {
    return Math.toIntExact(n - samplesFrom);
  }

  /** Samples before {@code n} are not needed again. */
  void dropUntil(long n) {
    int count = (int) Math.max(0, Math.min(samples.length, n - samplesFrom));
    if (count > 0) {
      samples = Arrays.copyOfRange(samples, count, samples.length);
      samplesFrom += count;
    }
  }

  /** Samples held now, at both rates. */
  int heldSamples() {
    return tail.length + samples.length;
  }

  private void resampleUntil(long until, float[] in) {
    long from = until();
    if (until > from) {
      int at = samples.length;
      samples = Arrays.copyOf(samples, Math.toIntExact(at + until - from));
      resampler.resample(in, tailFrom, in.length, from, until, samples, at);
    }
  }

  private static float[] joined(float[] first, float[] second) {
    if (first.length == 0) {
      return second;
    }
    float[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
