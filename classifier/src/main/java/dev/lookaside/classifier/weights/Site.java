package dev.lookaside.classifier.weights;

/** Where in a block an adapter is: beside the attention or beside the MLP. */
public enum Site {
  ATTN,
  MLP;

  /** The word of the adapter file. */
  public String word() {
    return this == ATTN ? "attn" : "mlp";
  }
}
