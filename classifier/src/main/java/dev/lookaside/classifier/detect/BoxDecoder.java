package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Makes events of a whole clip's curve, one class at a time. Pure. */
public sealed interface BoxDecoder permits ChangePointDecoder, MedianDecoder {
  /**
   * A box.
   *
   * @param onsetSeconds from the curve's start
   * @param offsetSeconds after the onset
   * @param confidence mean in it of the curve that the decoder looks at
   * @param peak greatest value of that curve in it
   */
  record Box(double onsetSeconds, double offsetSeconds, double confidence, double peak) {}

  /**
   * A score over time, constant between edges.
   *
   * @param edgesSeconds one more than scores, strictly rising
   * @param scores negative infinity where nothing was scored
   */
  @SuppressWarnings("ArrayRecordComponent") // Made for one reader, as large as the clip is long.
  record Pieces(double[] edgesSeconds, float[] scores) {}

  /**
   * Boxes of one curve, by rising onset.
   *
   * @param scores one per cell, constant in it
   * @param threshold boxes below it are left out
   */
  List<Box> boxes(float[] scores, double cellSeconds, double threshold);

  /** What falling thresholds are held against to judge the decoder at all of them. */
  Pieces pieces(float[] scores, double cellSeconds);

  /**
   * What was found in a clip, with boxes for events.
   *
   * @param thresholds per label
   */
  default ClipDetections decode(ClipDetections clip, double[] thresholds) {
    List<DetectedEvent> events = new ArrayList<>();
    for (int c = 0; c < clip.labels().size(); c++) {
      for (Box box : boxes(clip.curveOf(c), clip.cellSeconds(), thresholds[c])) {
        events.add(
            new DetectedEvent(
                clip.labels().get(c),
                box.onsetSeconds(),
                box.offsetSeconds(),
                box.peak(),
                box.confidence()));
      }
    }
    events.sort(
        Comparator.comparingDouble(DetectedEvent::onsetSeconds)
            .thenComparing(e -> clip.labels().indexOf(e.label())));
    return clip.withEvents(events);
  }
}
