package dev.lookaside.featurizer;

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

/** Seconds of audio that one thread resamples per second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class ResamplerBenchmark {
  private static final int SECONDS = 2;

  @Param({"8000", "44100", "48000", "44101"})
  public int fromHz;

  @Param("16000")
  public int toHz;

  private float[] clip = new float[0];

  @Setup
  public void fill() {
    clip = FrontEndBenchmark.goldenAudio(SECONDS * fromHz);
  }

  @Benchmark
  @OperationsPerInvocation(SECONDS)
  public float[] resample() {
    return Resampler.of(fromHz, toHz).clip(clip);
  }
}
