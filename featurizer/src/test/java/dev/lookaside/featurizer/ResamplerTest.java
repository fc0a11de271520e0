package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.SeededRandom;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResamplerTest {
  /** Usual rates, both ends of the range, and rates whose ratio has too many phases for a table. */
  @ParameterizedTest
  @CsvSource({
    "8000, 16000", "11025, 16000", "22050, 16000", "24000, 16000", "32000, 16000", "44100, 16000",
    "48000, 16000", "96000, 16000", "192000, 16000", "44101, 16000", "8001, 24000", "8000, 24000",
    "16000, 24000", "44100, 24000", "48000, 24000", "191999, 24000", "1000, 16000", "1009, 16000",
    "384000, 16000", "250007, 24000", "1000000, 16000"
  })
  void stopBandIsMoreThan90DbDownAndThePassBandIsFlat(int fromHz, int toHz) {
    double nyquistHz = Math.min(fromHz, toHz) / 2.0;
    double worstPassDb = 0;
    double worstStopDb = Double.NEGATIVE_INFINITY;
    for (double share : new double[] {0.003, 0.1, 0.31, 0.5, 0.77, 0.9, 0.92}) {
      Tone tone = new Tone(share * nyquistHz, fromHz, toHz);
      worstPassDb = Math.max(worstPassDb, Math.abs(20 * Math.log10(tone.gain())));
      worstStopDb = Math.max(worstStopDb, 20 * Math.log10(tone.residue())); // images and noise
    }
    double inputNyquistHz = fromHz / 2.0;
    for (double share : new double[] {1.0005, 1.01, 1.03, 1.2, 1.7, 2.02, 3.3, 5.9, 11.3}) {
      if (share * nyquistHz < inputNyquistHz) {
        Tone tone = new Tone(share * nyquistHz, fromHz, toHz);
        worstStopDb = Math.max(worstStopDb, 20 * Math.log10(tone.rms())); // all of it is alias
      }
    }
    System.out.printf(
        "%d -> %d pass band within %.5f dB, stop band %.1f dB%n",
        fromHz, toHz, worstPassDb, worstStopDb);
    assertThat(worstPassDb).isLessThan(0.01);
    assertThat(worstStopDb).isLessThan(-90);
  }

  @Test
  void anyCutGivesTheSameBits() {
    SeededRandom.forAll(
        ResamplerTest.class,
        60,
        random -> {
          int fromHz = random.nextInt(1_000, 1_000_001);
          int toHz = random.nextBoolean() ? 16_000 : 24_000;
          Resampler resampler = Resampler.of(fromHz, toHz);
          float[] input = noise(random, random.nextInt(1, 4_000));
          float[] whole = resampler.clip(input);
          assertThat(whole).hasSize((int) Math.ceil((double) input.length * toHz / fromHz));
          // A piece of the output from no more than the input it says it needs.
          int from = random.nextInt(whole.length);
          int until = random.nextInt(from, whole.length) + 1;
          long need = Math.max(0, resampler.fromInput(from));
          long needUntil = Math.min(input.length, resampler.untilInput(until - 1));
          float[] part = Arrays.copyOfRange(input, (int) need, (int) Math.max(need, needUntil));
          float[] out = new float[until - from];
          resampler.resample(part, need, part.length, from, until, out, 0);
          assertThat(out).isEqualTo(Arrays.copyOfRange(whole, from, until));
        });
  }

  @Test
  void farPositionsAreExact() {
    Resampler resampler = Resampler.of(44_100, 16_000);
    float[] input = noise(SeededRandom.of(7), 2_000);
    long shift = 441L * 79_000_000_000L; // a whole number of ratio periods, near 2^45
    float[] near = new float[300];
    float[] far = new float[300];
    resampler.resample(input, 0, input.length, 100, 400, near, 0);
    long n = shift / 441 * 160;
    resampler.resample(input, shift, input.length, n + 100, n + 400, far, 0);
    assertThat(far).isEqualTo(near);
  }

  @Test
  void supportBoundsAgreeWithEachOther() {
    SeededRandom.forAll(
        ResamplerTest.class,
        200,
        random -> {
          Resampler r =
              Resampler.of(
                  random.nextInt(1_000, 1_000_001), random.nextBoolean() ? 16_000 : 24_000);
          long sample = random.nextLong(1L << 45);
          long first = r.firstOutput(sample);
          assertThat(r.fromInput(first)).isGreaterThanOrEqualTo(sample);
          assertThat(r.fromInput(first - 1)).isLessThan(sample);
          long until = r.untilOutput(sample);
          assertThat(r.untilInput(until - 1)).isLessThanOrEqualTo(sample);
          assertThat(r.untilInput(until)).isGreaterThan(sample);
        });
  }

  @Test
  void equalRatesPassThrough() {
    float[] input = noise(SeededRandom.of(1), 100);
    assertThat(Resampler.of(16_000, 16_000).clip(input)).isSameAs(input);
  }

  @Test
  void aConstantStaysThatConstant() {
    float[] ones = new float[20_000];
    Arrays.fill(ones, 0.5f);
    float[] out = Resampler.of(44_100, 16_000).clip(ones);
    for (int n = 200; n < out.length - 200; n++) {
      assertThat(out[n]).isBetween(0.499999f, 0.500001f);
    }
  }

  @Test
  void tablesAreShared() {
    Resampler first = Resampler.of(48_000, 16_000);
    assertThat(Resampler.of(48_000, 16_000)).isSameAs(first);
    assertThat(Resampler.of(72_000, 24_000)).isSameAs(first);
  }

  @Test
  void ratesOutsideTheRangeAreNamed() {
    assertThatThrownBy(() -> Resampler.of(999, 16_000))
        .isInstanceOf(IngestException.class)
        .hasMessageContaining("rate \"999\"");
    assertThatThrownBy(() -> Resampler.of(1_000_000_000, 16_000))
        .hasMessageContaining("1000000000");
  }

  private static float[] noise(RandomGenerator random, int samples) {
    float[] out = new float[samples];
    for (int i = 0; i < samples; i++) {
      out[i] = random.nextFloat() * 2 - 1;
    }
    return out;
  }

  /** A resampled sine without its ends, measured by least squares at its own frequency. */
  private static final class Tone {
    private static final int OUT_SAMPLES = 6_000;
    private final float[] out;
    private double cosine;
    private double sine;
    private final double step;

    Tone(double hz, int fromHz, int toHz) {
      Resampler resampler = Resampler.of(fromHz, toHz);
      int inSamples = (int) ((long) OUT_SAMPLES * fromHz / toHz) + 4 * resampler.reachSamples();
      float[] in = new float[inSamples];
      for (int i = 0; i < inSamples; i++) {
        in[i] = (float) Math.sin(2 * Math.PI * hz * i / fromHz + 0.3);
      }
      int skip = (int) resampler.firstOutput(0) + 1;
      float[] all = resampler.clip(in);
      int count = Math.min(OUT_SAMPLES, (int) resampler.untilOutput(inSamples) - skip - 1);
      out = Arrays.copyOfRange(all, skip, skip + count);
      step = 2 * Math.PI * hz / toHz;
      fit();
    }

    /** Amplitude of the input's own frequency, exact least squares. */
    private void fit() {
      double cc = 0;
      double ss = 0;
      double cs = 0;
      double yc = 0;
      double ys = 0;
      for (int n = 0; n < out.length; n++) {
        double c = Math.cos(step * n);
        double s = Math.sin(step * n);
        cc += c * c;
        ss += s * s;
        cs += c * s;
        yc += out[n] * c;
        ys += out[n] * s;
      }
      double det = cc * ss - cs * cs;
      cosine = (yc * ss - ys * cs) / det;
      sine = (ys * cc - yc * cs) / det;
    }

    double gain() {
      return Math.hypot(cosine, sine);
    }

    /** Effective value of what is not the input's frequency, as a sine's amplitude. */
    double residue() {
      double sum = 0;
      for (int n = 0; n < out.length; n++) {
        double rest = out[n] - cosine * Math.cos(step * n) - sine * Math.sin(step * n);
        sum += rest * rest;
      }
      return Math.sqrt(2 * sum / out.length);
    }

    double rms() {
      double sum = 0;
      for (float y : out) {
        sum += (double) y * y;
      }
      return Math.sqrt(2 * sum / out.length);
    }
  }
}
