package dev.lookaside.trainer.store;

/**
 * What people said about the detections of one adapter; only judgements that count, each detection
 * once.
 */
public record Verdicts(int confirmed, int rejected, int relabelled) {
  /** Detections that were judged. */
  public int judged() {
    return confirmed + rejected + relabelled;
  }

  /** Share of the judged that was wrong; 0 if none was judged. */
  public double wrongRate() {
    return judged() == 0 ? 0 : (double) (rejected + relabelled) / judged();
  }
}
