package dev.lookaside.deploy.demo;

import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.metric.Event;
import java.util.List;

/**
 * One stream of the demo, known before it is sent.
 *
 * @param name stream id and what is shown
 * @param audio what is sent
 * @param truth what sounds in it, on the stream's clock
 * @param recurring of the new class, recordings that sounded before the corrections come back, not
 *     others
 */
public record StreamPlan(String name, Pcm audio, List<Event> truth, boolean recurring) {
  private static final double LEVEL_SECONDS = 0.2;
  private static final double SILENCE = 1e-6;

  public StreamPlan {
    truth = List.copyOf(truth);
  }

  /** Seconds of audio. */
  double seconds() {
    return (double) audio.samples().length / audio.rateHz();
  }

  /** Samples before {@code second}, at most all. */
  int samplesUntil(double second) {
    return (int) Math.min(audio.samples().length, Math.round(second * audio.rateHz()));
  }

  /** The plan of a stream that ended after {@code seconds}: what sounds there, and no more. */
  StreamPlan until(double seconds) {
    int samples = samplesUntil(seconds);
    if (samples == audio.samples().length) {
      return this;
    }
    return new StreamPlan(
        name,
        audio.part(0, samples),
        truth.stream().filter(e -> e.offsetSeconds() <= seconds).toList(),
        recurring);
  }

  /** Windows that this audio must give. */
  long windows(FeatureSpec spec) {
    return ExpectedWindows.count(audio.samples().length, audio.rateHz(), spec);
  }

  /** Level of the moment before {@code second}, dB of full scale. */
  double levelDb(double second) {
    int until = (int) Math.max(0, Math.min(audio.samples().length, second * audio.rateHz()));
    int from = Math.max(0, until - (int) (LEVEL_SECONDS * audio.rateHz()));
    double sum = 0;
    for (int i = from; i < until; i++) {
      sum += (double) audio.samples()[i] * audio.samples()[i];
    }
    return 10 * Math.log10(Math.max(sum / Math.max(1, until - from), SILENCE));
  }

  /**
   * How many windows a stream without gaps must give, from its length alone: written down a second
   * time, independent of the code that slices, so that a lost or doubled window cannot hide.
   */
  public static final class ExpectedWindows {
    private ExpectedWindows() {}

    /**
     * Windows of a whole stream that starts at sample 0 and ends with its last chunk. They have the
     * indices 0 to the result - 1.
     *
     * @param samples native samples, 0 or more
     * @param rateHz their rate
     */
    public static long count(long samples, int rateHz, FeatureSpec spec) {
      if (samples < 0 || rateHz <= 0) {
        throw new IllegalArgumentException(
            "samples \"" + samples + "\", rateHz \"" + rateHz + "\": must be 0 or more, above 0");
      }
      FrontEnd frontEnd = spec.frontEnd();
      // A resampled sample exists where its position lies before the end of the signal.
      long resampled = ceilDiv(samples * frontEnd.rateHz(), rateHz);
      long frames = frontEnd.frameCount(resampled);
      if (frames == 0) {
        return 0;
      }
      if (frames <= spec.windowFrames()) {
        return 1;
      }
      // Whole windows, and one more, padded, if they leave frames over.
      return 1 + ceilDiv(frames - spec.windowFrames(), spec.hopFrames());
    }

    private static long ceilDiv(long a, long b) {
      return (a + b - 1) / b;
    }
  }
}
