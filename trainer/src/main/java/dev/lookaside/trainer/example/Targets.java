package dev.lookaside.trainer.example;

import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.send.LabelledEvent;
import java.util.Arrays;
import java.util.List;

/**
 * Targets of one window.
 *
 * <p>Of a columns head: column {@code c} covers the window's frames {@code [16 c, 16 c + 16)}, that
 * is on the time between the starts of frame {@code 16 c} and frame {@code 16 c + 16}; the target
 * of a class is the share of that time in which it sounds, 0 to 1.
 *
 * <p>Of a clip head: the target of a class is 1 if it sounds for at least half of the window, or if
 * at least half of one of its events lies in the window; otherwise 0.
 */
public final class Targets {
  private static final double ENOUGH = 0.5;

  private final WindowSpec spec;
  private final boolean columns;
  private final int classes;

  /**
   * @param columns whether a window has a row of targets per time column
   */
  public Targets(WindowSpec spec, boolean columns, int classes) {
    this.spec = spec;
    this.columns = columns;
    this.classes = classes;
  }

  /** Rows of targets of a window. */
  public int rows() {
    return columns ? spec.frames() / ViTSpec.PATCH : 1;
  }

  /** Targets of a window, {@code rows * classes}. */
  public int values() {
    return rows() * classes;
  }

  /**
   * Adds {@code share} of a class that sounds throughout.
   *
   * @param validFrames frames of the window that are not padding; rows of padding alone keep weight
   *     0
   */
  void clip(int label, float share, int validFrames, float[] targets, float[] weights) {
    for (int r = 0; r < rows(); r++) {
      if (!columns || r * ViTSpec.PATCH < validFrames) {
        targets[r * classes + label] += share;
        weights[r] = 1;
      }
    }
  }

  /**
   * Targets of a window of a scene; every row has weight 1.
   *
   * @param fromFrame first frame of the window in the scene
   */
  public void scene(
      List<LabelledEvent> events,
      List<String> labels,
      int fromFrame,
      float[] targets,
      float[] weights) {
    Arrays.fill(weights, 1);
    FrontEnd frontEnd = spec.frontEnd();
    int rowFrames = columns ? ViTSpec.PATCH : spec.frames();
    double rowSeconds = rowFrames * frontEnd.hopSeconds();
    double start = (double) frontEnd.fromSample(fromFrame) / frontEnd.rateHz();
    for (int r = 0; r < rows(); r++) {
      double from = start + r * rowSeconds;
      for (LabelledEvent e : events) {
        double overlap = overlap(e, from, from + rowSeconds);
        if (overlap > 0) {
          int at = r * classes + labels.indexOf(e.label());
          targets[at] =
              columns
                  ? share(targets[at], overlap, rowSeconds)
                  : share(targets[at], e, overlap, rowSeconds);
        }
      }
    }
  }

  /** Takes the weight of columns that are padding alone: behind so many frames. */
  public void unweighted(int validFrames, float[] weights) {
    for (int r = 0; columns && r < weights.length; r++) {
      weights[r] = r * ViTSpec.PATCH < validFrames ? weights[r] : 0;
    }
  }

  private static double overlap(LabelledEvent e, double from, double until) {
    return Math.min(e.offsetSeconds(), until) - Math.max(e.onsetSeconds(), from);
  }

  private static float share(float before, double overlap, double rowSeconds) {
    return (float) Math.min(1, before + overlap / rowSeconds);
  }

  private static float share(float before, LabelledEvent e, double overlap, double rowSeconds) {
    double shorter = Math.min(rowSeconds, e.offsetSeconds() - e.onsetSeconds());
    return overlap >= ENOUGH * shorter ? 1 : before;
  }
}
