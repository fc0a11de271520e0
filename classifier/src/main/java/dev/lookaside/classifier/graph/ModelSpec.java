package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.ViTSpec;

/**
 * Which model a graph is built for. Equal specs give equal graphs.
 *
 * @param vit the backbone's sizes
 * @param adapter the adapter's sizes
 * @param attention whether the last block's attention is an output; every token of the last block
 *     is then computed, also those the head does not need
 */
public record ModelSpec(ViTSpec vit, AdapterShape adapter, boolean attention) {
  public ModelSpec {
    if (adapter.width() != vit.width()) {
      throw new ShapeException(
          "adapter width %d: backbone width is %d".formatted(adapter.width(), vit.width()));
    }
    if (adapter.blocks() > vit.depth()) {
      throw new ShapeException(
          "adapter for %d blocks: backbone has %d".formatted(adapter.blocks(), vit.depth()));
    }
    if (adapter.mels() % ViTSpec.PATCH != 0) {
      throw new ShapeException("mels %d: must be a multiple of 16".formatted(adapter.mels()));
    }
  }

  /** Patches along frequency. */
  public int rows() {
    return adapter.gridRows();
  }

  /** Patches along time. */
  public int columns() {
    return adapter.gridColumns();
  }

  /** Tokens of a window: special tokens, then patches, frequency-major. */
  public int tokens() {
    return vit.specials() + rows() * columns();
  }

  /** Whether the last block computes only the tokens that the head looks at. */
  boolean prunesLastBlock() {
    return !attention && adapter.head() == HeadKind.CLIP;
  }
}
