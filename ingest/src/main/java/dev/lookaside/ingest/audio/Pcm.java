package dev.lookaside.ingest.audio;

import java.util.Arrays;

/**
 * Mono sound. The array is shared, not copied: whoever makes a {@code Pcm} gives it away and nobody
 * writes to it again.
 *
 * @param rateHz samples per second, at least 1
 * @param samples nominally [-1, 1); a 16-bit sample s is s / 32768
 */
public record Pcm(int rateHz, float[] samples) {
  public Pcm {
    if (rateHz < 1) {
      throw new IllegalArgumentException("rateHz \"%d\": must be 1 or more".formatted(rateHz));
    }
  }

  /** Length in samples. */
  public int lengthSamples() {
    return samples.length;
  }

  /** Length in seconds. */
  public double seconds() {
    return (double) samples.length / rateHz;
  }

  /** Root of the mean square; 0 without samples. */
  public double rms() {
    double sum = 0;
    for (float x : samples) {
      sum += (double) x * x;
    }
    return Math.sqrt(sum / Math.max(1, samples.length));
  }

  /** A copy of the samples from {@code from} up to, without, {@code until}. */
  public Pcm part(int from, int until) {
    return new Pcm(rateHz, Arrays.copyOfRange(samples, from, until));
  }
}
