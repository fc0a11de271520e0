package dev.lookaside.featurizer;

import be.tarsos.dsp.util.fft.FFT;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Seconds of audio per second of one thread: whole front end against TarsosDSP's transform alone,
 * on the golden clips (tone, noise, chirp, clang; three quarters of their frames also take the
 * double precision transform, twice the share of everyday sound).
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class FrontEndBenchmark {
  private static final int SECONDS = 10;

  @Param({"AST_FBANK", "EPIC_LOGMEL"})
  public FrontEnd frontEnd = FrontEnd.AST_FBANK;

  private float[] clip = new float[0];
  private float[] row = new float[0];
  private float[] points = new float[0];
  private FFT fft = new FFT(2);
  private int frames;

  @Setup
  public void fill() {
    clip = goldenAudio(SECONDS * frontEnd.rateHz());
    row = new float[frontEnd.mels()];
    points = new float[frontEnd.fftSamples()];
    fft = new FFT(frontEnd.fftSamples());
    frames = (clip.length - frontEnd.frameSamples()) / frontEnd.hopSamples() + 1;
  }

  /** The golden clips one after the other, over and over. */
  static float[] goldenAudio(int samples) {
    float[] out = new float[samples];
    String[] names = {"tone.wav", "noise.wav", "chirp.wav", "clang.wav"};
    int at = 0;
    for (int i = 0; at < samples; i++) {
      float[] next = Golden.wav(names[i % names.length]);
      int count = Math.min(next.length, samples - at);
      System.arraycopy(next, 0, out, at, count);
      at += count;
    }
    return out;
  }

  @Benchmark
  @OperationsPerInvocation(SECONDS)
  public float frontEnd() {
    LogMel logMel = LogMel.of(frontEnd);
    float sum = 0;
    for (int frame = 0; frame < frames; frame++) {
      logMel.frame(clip, frame * frontEnd.hopSamples(), row, 0);
      sum += row[frame % row.length];
    }
    return sum;
  }

  @Benchmark
  @OperationsPerInvocation(SECONDS)
  public float fftAlone() {
    float sum = 0;
    int length = frontEnd.frameSamples();
    for (int frame = 0; frame < frames; frame++) {
      System.arraycopy(clip, frame * frontEnd.hopSamples(), points, 0, length);
      Arrays.fill(points, length, points.length, 0);
      fft.forwardTransform(points);
      sum += points[2];
    }
    return sum;
  }
}
