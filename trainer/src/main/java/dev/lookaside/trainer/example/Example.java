package dev.lookaside.trainer.example;

/**
 * One window and its targets. The receiver owns the arrays.
 *
 * @param name where it comes from, for people
 * @param window row-major {@code [frames][mels]}, normalised
 * @param targets row-major {@code [rows][classes]}, 0 to 1; one row for a clip head, one per time
 *     column for a columns head
 * @param weights of each row's loss, {@code [rows]}
 * @param key equal for examples of one source with equal windows; negative if the window may never
 *     come again
 */
public record Example(String name, float[] window, float[] targets, float[] weights, int key) {
  /** An example whose window may never come again. */
  public static final int VARIES = -1;
}
