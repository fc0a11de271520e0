package dev.lookaside.classifier.detect;

import java.util.List;

/**
 * What was found in a clip, and the numbers behind it.
 *
 * @param labels in the order of the posteriors
 * @param events in the order of their onsets, then of their labels
 * @param posteriors per window, row-major {@code [columns][labels]}
 * @param columns posteriors per label and window
 * @param hopSeconds from one window's start to the next
 * @param windowSeconds that one window lasts
 * @param curve per cell, one value per label
 * @param cellSeconds that one cell of the curve lasts; cell 0 begins with the clip
 */
@SuppressWarnings("ArrayRecordComponent") // Results for reading, as large as the clip is long.
public record ClipDetections(
    List<String> labels,
    List<DetectedEvent> events,
    float[][] posteriors,
    int columns,
    double hopSeconds,
    double windowSeconds,
    float[][] curve,
    double cellSeconds) {
  public ClipDetections {
    labels = List.copyOf(labels);
    events = List.copyOf(events);
  }

  /** One label's values of the curve, a copy. */
  public float[] curveOf(int label) {
    float[] values = new float[curve.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = curve[i][label];
    }
    return values;
  }

  /** The same posteriors decoded otherwise. */
  ClipDetections withEvents(List<DetectedEvent> others) {
    return new ClipDetections(
        labels, others, posteriors, columns, hopSeconds, windowSeconds, curve, cellSeconds);
  }

  /**
   * An event of a clip.
   *
   * @param onsetSeconds from the start of the clip
   * @param offsetSeconds from the start of the clip
   * @param peak highest posterior of the curve in it
   * @param mean mean posterior over it
   */
  public record DetectedEvent(
      String label, double onsetSeconds, double offsetSeconds, double peak, double mean) {}
}
