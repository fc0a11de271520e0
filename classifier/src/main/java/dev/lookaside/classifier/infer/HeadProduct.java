package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;

/**
 * What an adapter's head makes of embeddings, in plain Java: many heads over one body cost one run
 * of the body. The same bits every time; they may differ from a session's in the last ones.
 * Immutable.
 */
public final class HeadProduct {
  private final Activation activation;
  private final int classes;
  private final int width;
  private final float[] weight;
  private final float[] bias;

  private HeadProduct(Activation activation, float[] weight, float[] bias) {
    this.activation = activation;
    this.classes = bias.length;
    this.width = weight.length / bias.length;
    this.weight = weight;
    this.bias = bias;
  }

  /** Of an adapter; its {@code head.norm} is in the embeddings already. */
  public static HeadProduct of(Adapter adapter) {
    return new HeadProduct(
        adapter.activation(),
        adapter.tensor("head.fc.weight").toArray(),
        adapter.tensor("head.fc.bias").toArray());
  }

  /**
   * Posteriors of one window.
   *
   * @param embedding row-major {@code [columns][width]}, see {@link Embeddings}
   * @return row-major {@code [columns][classes]}
   */
  public float[] posteriors(float[] embedding) {
    if (embedding.length % width != 0) {
      throw new IllegalArgumentException(
          "embedding of %d values: must be columns of %d".formatted(embedding.length, width));
    }
    float[] logits = new float[embedding.length / width * classes];
    for (int i = 0; i < logits.length; i++) {
      int row = i % classes * width;
      int column = i / classes * width;
      double sum = bias[i % classes];
      for (int d = 0; d < width; d++) {
        sum += (double) weight[row + d] * embedding[column + d];
      }
      logits[i] = (float) sum;
    }
    return Posteriors.of(activation, logits, classes);
  }
}
