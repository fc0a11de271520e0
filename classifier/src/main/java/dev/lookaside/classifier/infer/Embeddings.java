package dev.lookaside.classifier.infer;

/**
 * What a model makes of some windows, in their order.
 *
 * @param scores posteriors
 * @param width values of an embedding
 * @param embeddings per window, row-major {@code [columns][width]}: the pooled, normed tokens that
 *     the head's last product turns into logits; the receiver owns them
 */
@SuppressWarnings("ArrayRecordComponent") // Numbers to be read at once, made for one reader.
public record Embeddings(Scores scores, int width, float[][] embeddings) {
  public Embeddings {
    for (float[] e : embeddings) {
      if (e.length != scores.columns() * width) {
        throw new IllegalArgumentException(
            "embeddings of %d values: must be %d x %d"
                .formatted(e.length, scores.columns(), width));
      }
    }
  }

  /** Number of windows. */
  public int size() {
    return embeddings.length;
  }
}
