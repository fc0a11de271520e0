package dev.lookaside.deploy.plot;

import dev.lookaside.classifier.infer.AttentionMap;
import dev.lookaside.featurizer.FrontEnd;
import java.util.List;

/**
 * Where models look in a clip at a chosen time. Arrays are read, not kept.
 *
 * @param clip the whole clip; only its log-mel is drawn
 * @param atSeconds the chosen time
 * @param views one per model, side by side
 * @param heads whether each head is drawn, too
 */
public record AttentionScene(Scene clip, double atSeconds, List<View> views, boolean heads) {
  public AttentionScene {
    views = List.copyOf(views);
    if (views.isEmpty()) {
      throw new IllegalArgumentException("views \"0\": must be 1 or more");
    }
  }

  /** Where a frequency lies on the mel axis: 0 the lowest row's foot, 1 the highest one's top. */
  public static double place(FrontEnd frontEnd, double hz) {
    return MelAxis.place(frontEnd, hz);
  }

  /**
   * Which patches of the chosen time look.
   *
   * @param column along time; below 0 if the special tokens look
   * @param row along frequency, 0 the lowest; below 0 if all patches of the column look
   */
  public record Query(int column, int row) {}

  /**
   * One model's window.
   *
   * @param name of the model
   * @param detail its posteriors in the window, one line
   * @param fromSeconds where the window begins in the clip
   * @param logMel {@code [frames][mels]} of the window, natural logarithms, not normalised
   * @param stride frames and mels from patch to patch
   * @param map where the query looks
   */
  @SuppressWarnings("ArrayRecordComponent") // A picture's worth of numbers, used once.
  public record View(
      String name,
      String detail,
      double fromSeconds,
      FrontEnd frontEnd,
      float[][] logMel,
      int stride,
      AttentionMap map,
      Query query) {

    double untilSeconds() {
      return fromSeconds + logMel.length * frontEnd.hopSeconds();
    }
  }
}
