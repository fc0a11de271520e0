package dev.lookaside.trainer.example;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.TrainerException;
import java.util.List;

/**
 * A recording, of which any part can be read, and what sounds in it when.
 *
 * @param rateHz of its samples
 * @param lengthSamples at that rate
 * @param reader may be asked by any thread
 */
public record TimedRecording(
    String name, int rateHz, long lengthSamples, Reader reader, List<LabelledEvent> events) {
  /** Gives samples {@code [from, until)}, all inside the recording. */
  @FunctionalInterface
  public interface Reader {
    float[] read(long from, long until);
  }

  public TimedRecording {
    events = List.copyOf(events);
  }

  /**
   * Rejects a recording without a whole frame of a front end.
   *
   * @throws TrainerException if it is shorter than a frame
   */
  public void checkLongEnough(FrontEnd frontEnd) {
    if (frameCount(frontEnd) == 0) {
      throw new TrainerException(
          "%s: samples \"%d\": must be a frame of %s or more"
              .formatted(name, lengthSamples, frontEnd));
    }
  }

  /** Frames of the whole recording. */
  long frameCount(FrontEnd frontEnd) {
    return frontEnd.frameCount(Resampler.of(rateHz, frontEnd.rateHz()).outputCount(lengthSamples));
  }

  /**
   * The log-mel of some frames, row-major {@code [frames][mels]}, not normalised: the same bits as
   * if the whole recording had been computed.
   *
   * @param fromFrame first frame
   * @param frames how many, all of them frames of the recording
   */
  float[] logMel(FrontEnd frontEnd, long fromFrame, int frames) {
    Resampler resampler = Resampler.of(rateHz, frontEnd.rateHz());
    long from = frontEnd.fromSample(fromFrame);
    long until = frontEnd.untilSample(fromFrame + frames - 1);
    float[] samples = new float[Math.toIntExact(until - from)];
    long first = Math.max(0, from);
    long end = Math.min(until, resampler.outputCount(lengthSamples));
    if (first < end) {
      long inFrom = Math.max(0, resampler.fromInput(first));
      long inUntil = Math.min(lengthSamples, resampler.untilInput(end - 1));
      float[] in = reader.read(inFrom, inUntil);
      resampler.resample(in, inFrom, in.length, first, end, samples, (int) (first - from));
    }
    LogMel logMel = LogMel.of(frontEnd);
    float[] out = new float[frames * frontEnd.mels()];
    for (int f = 0; f < frames; f++) {
      logMel.frame(samples, f * frontEnd.hopSamples(), out, f * frontEnd.mels());
    }
    return out;
  }
}
