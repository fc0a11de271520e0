package dev.lookaside.classifier.detect;

/**
 * How a curve becomes events.
 *
 * @param combination how windows over a cell become its value
 * @param on per class: a quiet class begins to sound at this posterior
 * @param off per class: a sounding class falls quiet below it; at most {@code on}
 * @param minLengthFrames per class: shorter events are dropped, in frames of the front end
 * @param minGapFrames shorter pauses do not split an event, in frames of the front end
 */
public record DecoderSettings(
    Combination combination, float[] on, float[] off, int[] minLengthFrames, int minGapFrames) {
  public DecoderSettings {
    on = on.clone();
    off = off.clone();
    minLengthFrames = minLengthFrames.clone();
    if (on.length == 0 || on.length != off.length || on.length != minLengthFrames.length) {
      throw new IllegalArgumentException(
          "thresholds \"%d on, %d off, %d minLengthFrames\": must be one of each per class"
              .formatted(on.length, off.length, minLengthFrames.length));
    }
    for (int c = 0; c < on.length; c++) {
      // Off at 0 would never let a class fall quiet.
      if (!(on[c] <= 1 && off[c] > 0 && off[c] <= on[c])) {
        throw new IllegalArgumentException(
            "thresholds of class %d \"on %s, off %s\": must be 0 < off <= on <= 1"
                .formatted(c, on[c], off[c]));
      }
    }
    for (int frames : minLengthFrames) {
      require(frames, "minLengthFrames");
    }
    require(minGapFrames, "minGapFrames");
  }

  public int classes() {
    return on.length;
  }

  float on(int c) {
    return on[c];
  }

  float off(int c) {
    return off[c];
  }

  /** Fewest cells of an event of class {@code c}. */
  int minLengthCells(int c, int cellFrames) {
    return Math.max(1, (minLengthFrames[c] + cellFrames - 1) / cellFrames);
  }

  /** Fewest quiet cells that part two events. */
  int minGapCells(int cellFrames) {
    return Math.max(1, (minGapFrames + cellFrames - 1) / cellFrames);
  }

  private static void require(int value, String field) {
    if (value < 0) {
      throw new IllegalArgumentException("%s \"%d\": must be 0 or more".formatted(field, value));
    }
  }
}
