package dev.lookaside.classifier.weights;

/** How logits become posteriors. */
public enum Activation {
  /** One label at a time: posteriors of a window (or column) sum to 1. */
  SOFTMAX,
  /** Any number of labels at a time: each posterior stands alone. */
  SIGMOID;

  /** The word of the adapter file. */
  public String word() {
    return this == SOFTMAX ? "softmax" : "sigmoid";
  }
}
