package dev.lookaside.trainer.fit;

/** Which weights a fit moves. */
public enum TrainableWeights {
  /**
   * The head's norm and rows. All blocks, with the convolutions beside them, run once for every
   * window that comes again.
   */
  HEAD("head"),
  /** The whole adapter. */
  ADAPTER("adapter"),
  /** The backbone, too. */
  EVERYTHING("backbone and adapter");

  private final String word;

  TrainableWeights(String word) {
    this.word = word;
  }

  /** As in a fit's report. */
  String word() {
    return word;
  }
}
