package dev.lookaside.trainer.example;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Windows that represent a clip when it is tested: so many, their starts spread evenly from its
 * start to the last one that lies wholly inside, as EPIC-SOUNDS tests with five. A view of its
 * front end is as there 25 samples shorter than its frames' hops (47,975 samples for 400 frames),
 * and the last one ends a sample before the clip does.
 *
 * @see <a href="https://github.com/epic-kitchens/epic-sounds-annotations">epic-sounds-annotations,
 *     get_start_end_idx</a>
 */
public final class ClipViews {
  private static final int EPIC_SHORTER_SAMPLES = 25;
  private static final int EPIC_LEFT_SAMPLES = 1;

  private ClipViews() {}

  /**
   * The windows, normalised, row-major {@code [frames][mels]}; only one if the clip is no longer
   * than a window, so that all would be the same.
   *
   * @param views at least 1
   * @throws TrainerException if the clip is shorter than a frame
   */
  public static List<float[]> of(Pcm clip, WindowSpec spec, int views) {
    FrontEnd frontEnd = spec.frontEnd();
    float[] samples = Resampler.of(clip.rateHz(), frontEnd.rateHz()).clip(clip.samples());
    if (frontEnd.frameCount(samples.length) == 0) {
      throw new TrainerException(
          "%d samples at %d Hz are shorter than one frame of %s"
              .formatted(clip.lengthSamples(), clip.rateHz(), frontEnd));
    }
    int length = viewSamples(spec);
    int spare =
        Math.max(
            0,
            samples.length
                - length
                - (spec.frontEnd() == FrontEnd.EPIC_LOGMEL ? EPIC_LEFT_SAMPLES : 0));
    List<float[]> windows = new ArrayList<>();
    for (int v = 0; v < (spare == 0 ? 1 : views); v++) {
      int from = views == 1 ? 0 : (int) ((long) spare * v / (views - 1));
      float[] view = Arrays.copyOfRange(samples, from, Math.min(samples.length, from + length));
      float[] window = spec.cut(LogMel.of(frontEnd).clip(view), 0);
      spec.normalise(window);
      windows.add(window);
    }
    return windows;
  }

  private static int viewSamples(WindowSpec spec) {
    return spec.frontEnd() == FrontEnd.EPIC_LOGMEL
        ? spec.frames() * spec.frontEnd().hopSamples() - EPIC_SHORTER_SAMPLES
        : spec.samples();
  }
}
