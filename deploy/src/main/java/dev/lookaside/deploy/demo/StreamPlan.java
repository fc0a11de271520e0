package dev.lookaside.deploy.demo;

import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.metric.Event;
import java.util.Arrays;
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
record StreamPlan(String name, Pcm audio, List<Event> truth, boolean recurring) {
  private static final double LEVEL_SECONDS = 0.2;
  private static final double SILENCE = 1e-6;

  StreamPlan {
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
        new Pcm(audio.rateHz(), Arrays.copyOf(audio.samples(), samples)),
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
}
