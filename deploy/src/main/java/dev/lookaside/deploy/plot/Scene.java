package dev.lookaside.deploy.plot;

import dev.lookaside.featurizer.FrontEnd;
import java.util.List;

/**
 * What is drawn. Arrays are read, not kept.
 *
 * @param title first line, the file's name
 * @param subtitle second line, smaller
 * @param seconds length of the audio, s; the right end of the time axis
 * @param frontEnd how the frames were made: their step and the frequency of a row
 * @param logMel {@code [frames][mels]}, natural logarithms, not normalised
 * @param labels class names, in the order of the curve's columns
 * @param onThresholds posterior above which each class's event opens
 * @param curve posterior of each class over time
 * @param events what was detected
 */
@SuppressWarnings("ArrayRecordComponent") // A picture's worth of numbers, used once.
public record Scene(
    String title,
    String subtitle,
    double seconds,
    FrontEnd frontEnd,
    float[][] logMel,
    List<String> labels,
    float[] onThresholds,
    Curve curve,
    List<Event> events) {

  public Scene {
    labels = List.copyOf(labels);
    events = List.copyOf(events);
    if (!(seconds > 0)) {
      throw new IllegalArgumentException("seconds \"" + seconds + "\": must be above 0");
    }
    if (onThresholds.length != labels.size()) {
      throw new IllegalArgumentException(
          "onThresholds \"%d\": must be one per label, %d"
              .formatted(onThresholds.length, labels.size()));
    }
  }

  /**
   * Posteriors on an even grid.
   *
   * @param firstSeconds time of the first value
   * @param stepSeconds from one value to the next
   * @param values {@code [points][classes]}, 0 to 1; NaN where nothing was scored
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Curve(double firstSeconds, double stepSeconds, float[][] values) {}

  /**
   * A detected event.
   *
   * @param label one of the scene's labels
   * @param onsetSeconds from the start of the audio
   * @param offsetSeconds from the start of the audio
   * @param peak largest posterior inside
   */
  public record Event(String label, double onsetSeconds, double offsetSeconds, double peak) {}
}
