package dev.lookaside.trainer.store;

/**
 * What people's labels say about the detections of one adapter; only judgements that count, each
 * detection once.
 *
 * @param wrongInHour rejected and relabelled ones of one stream that began within an hour, of the
 *     worst hour of the worst stream
 */
public record Verdicts(int confirmed, int rejected, int relabelled, int wrongInHour) {
  /** Detections that were judged. */
  public int judged() {
    return confirmed + rejected + relabelled;
  }

  /** Of these, the ones that were wrong. */
  public int wrong() {
    return rejected + relabelled;
  }
}
