package dev.lookaside.classifier.weights;

/** What the head looks at, and so how many posteriors a window gives. */
public enum HeadKind {
  /** The mean of the special tokens (cls and dist, or cls alone): one row of posteriors. */
  CLIP,
  /** Patch tokens averaged over frequency: one row per time column of 16 frames. */
  COLUMNS;

  /** The word of the adapter file. */
  public String word() {
    return this == CLIP ? "clip" : "columns";
  }
}
