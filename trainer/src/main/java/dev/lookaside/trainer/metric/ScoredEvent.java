package dev.lookaside.trainer.metric;

/**
 * A detection with a confidence, whose times do not depend on any threshold.
 *
 * @param event what and when
 * @param score confidence on any scale: only its order counts; never NaN
 */
public record ScoredEvent(Event event, double score) {
  /**
   * @throws IllegalArgumentException if the score is NaN
   */
  public ScoredEvent {
    if (Double.isNaN(score)) {
      throw new IllegalArgumentException("score \"NaN\": must be a number");
    }
  }
}
