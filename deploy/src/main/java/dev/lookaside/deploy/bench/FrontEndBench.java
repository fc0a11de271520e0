package dev.lookaside.deploy.bench;

import be.tarsos.dsp.util.fft.FFT;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import java.util.Arrays;
import java.util.Random;

/**
 * How many seconds of audio one core turns into log-mel per second, beside the bare Fourier
 * transforms of the same frames.
 */
final class FrontEndBench {
  private static final int SECONDS = 60;
  private static final int WARM_UPS = 5;
  private static final int ROUNDS = 25;
  private static final int FFT_SAMPLES = 512;

  private FrontEndBench() {}

  static void run(Report report) {
    report.part("frontEnd", "Front end, one thread, " + SECONDS + " s of noise");
    float[] at16k = noise(FrontEnd.AST_FBANK.rateHz());
    float[] at24k = noise(FrontEnd.EPIC_LOGMEL.rateHz());
    float[] at48k = noise(48_000);
    LogMel fbank = LogMel.of(FrontEnd.AST_FBANK);
    LogMel epic = LogMel.of(FrontEnd.EPIC_LOGMEL);
    Resampler down = Resampler.of(48_000, FrontEnd.AST_FBANK.rateHz());
    float[] sink = new float[1];
    Turns turns =
        new Turns()
            .add("fft", () -> sink[0] += transforms(at16k))
            .add("ast-fbank", () -> sink[0] += fbank.clip(at16k)[0])
            .add("epic-logmel", () -> sink[0] += epic.clip(at24k)[0])
            .add("resample", () -> sink[0] += down.clip(at48k)[0])
            .run(WARM_UPS, ROUNDS);
    String unit = "s of audio per s and core";
    report.figure(
        "astFbankRealTime",
        "ast-fbank, 16 kHz",
        SECONDS / turns.minimum("ast-fbank"),
        unit + median(SECONDS / turns.median("ast-fbank")));
    report.figure(
        "fftAloneRealTime", "its 512-point transforms alone", SECONDS / turns.minimum("fft"), unit);
    report.figure(
        "astFbankOverFft",
        "ast-fbank over transforms alone",
        turns.minimumRatio("ast-fbank", "fft"),
        "times the time" + median(turns.medianRatio("ast-fbank", "fft")));
    report.figure(
        "epicLogMelRealTime",
        "epic-logmel, 24 kHz, 2048 points",
        SECONDS / turns.minimum("epic-logmel"),
        unit);
    report.figure(
        "resample48kRealTime",
        "resampling 48 to 16 kHz",
        SECONDS / turns.minimum("resample"),
        unit);
    if (Float.isNaN(sink[0])) {
      report.text("warning", "warning", "NaN in the features");
    }
  }

  private static String median(double value) {
    return " (median " + Report.plain(value) + ")";
  }

  /** The copy is part of the work: a transform overwrites what it is given. */
  private static float transforms(float[] samples) {
    FFT fft = new FFT(FFT_SAMPLES);
    float[] buffer = new float[FFT_SAMPLES];
    FrontEnd frontEnd = FrontEnd.AST_FBANK;
    float sum = 0;
    for (int at = 0; at + frontEnd.frameSamples() <= samples.length; at += frontEnd.hopSamples()) {
      System.arraycopy(samples, at, buffer, 0, frontEnd.frameSamples());
      Arrays.fill(buffer, frontEnd.frameSamples(), FFT_SAMPLES, 0);
      fft.forwardTransform(buffer);
      sum += buffer[3];
    }
    return sum;
  }

  private static float[] noise(int rateHz) {
    Random random = new Random(1);
    float[] samples = new float[SECONDS * rateHz];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) (0.1 * random.nextGaussian());
    }
    return samples;
  }
}
