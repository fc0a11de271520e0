package dev.lookaside.trainer.fit;

/** Receives the progress of a fit, on the fit's thread. */
public interface FitProgress {
  /**
   * One step.
   *
   * @param step counted from 1 over the whole fit
   * @param steps of the whole fit
   * @param epoch counted from 1
   * @param loss mean over the batch, before the step changed the weights
   * @param learningRate of this step
   * @param windows in the batch
   * @param seconds the step took, waiting for its batch included
   */
  record Step(
      long step,
      long steps,
      int epoch,
      double loss,
      double learningRate,
      int windows,
      double seconds) {
    public double windowsPerSecond() {
      return windows / Math.max(1e-9, seconds);
    }
  }

  /** The fit begins, or goes on after {@code stepsDone} steps. */
  void begun(long stepsDone);

  /** A step was done. */
  void stepped(Step step);
}
