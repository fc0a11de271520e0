package dev.lookaside.featurizer;

/**
 * Where a stream's samples went, native rate. Once nothing is pending, {@code received = windowed +
 * skipped + rejected + uncovered}; whoever scores the windows splits {@code windowed} into scored
 * and shed by each window's {@link MelWindow#freshSamples()}. {@code gap} was never received.
 *
 * @param receivedSamples accepted or rejected; a repeat counts once
 * @param windowedSamples handed out in a window
 * @param skippedSamples in a window that the silence gate kept back
 * @param rejectedSamples in records that went to the dead letters, as far as the sample offsets
 *     around them tell
 * @param uncoveredSamples in no window: pieces between gaps that are too short, before the first
 *     grid point or after the last frame
 * @param gapSamples never received
 * @param repeatedChunks chunks dropped because they were received before
 * @param rejectedChunks records that went to the dead letters
 */
public record Counts(
    long receivedSamples,
    long windowedSamples,
    long skippedSamples,
    long rejectedSamples,
    long uncoveredSamples,
    long gapSamples,
    long repeatedChunks,
    long rejectedChunks) {
  /** Nothing counted. */
  public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, 0);

  /** The sum of both. */
  public Counts plus(Counts other) {
    return new Counts(
        receivedSamples + other.receivedSamples,
        windowedSamples + other.windowedSamples,
        skippedSamples + other.skippedSamples,
        rejectedSamples + other.rejectedSamples,
        uncoveredSamples + other.uncoveredSamples,
        gapSamples + other.gapSamples,
        repeatedChunks + other.repeatedChunks,
        rejectedChunks + other.rejectedChunks);
  }

  /** Samples received that still wait for their window; 0 after a stream has ended. */
  public long pendingSamples() {
    return receivedSamples - windowedSamples - skippedSamples - rejectedSamples - uncoveredSamples;
  }

  static Counts received(long samples) {
    return new Counts(samples, 0, 0, 0, 0, 0, 0, 0);
  }

  static Counts windowed(long samples) {
    return new Counts(0, samples, 0, 0, 0, 0, 0, 0);
  }

  static Counts skipped(long samples) {
    return new Counts(0, 0, samples, 0, 0, 0, 0, 0);
  }

  static Counts rejected(long samples) {
    return new Counts(samples, 0, 0, samples, 0, 0, 0, 0);
  }

  static Counts uncovered(long samples) {
    return new Counts(0, 0, 0, 0, samples, 0, 0, 0);
  }

  static Counts gap(long samples) {
    return new Counts(0, 0, 0, 0, 0, samples, 0, 0);
  }

  static Counts repeatedChunk() {
    return new Counts(0, 0, 0, 0, 0, 0, 1, 0);
  }

  static Counts rejectedChunk() {
    return new Counts(0, 0, 0, 0, 0, 0, 0, 1);
  }
}
