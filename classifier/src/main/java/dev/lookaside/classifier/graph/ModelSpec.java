package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.ViTSpec;
import java.util.OptionalInt;

/**
 * Which model a graph is built for. Equal specs give equal graphs.
 *
 * @param vit the backbone's sizes
 * @param adapter the adapter's sizes
 * @param attentionOf the block whose attention is an output, if any; of the last block every token
 *     is then computed, also those the head does not need
 */
public record ModelSpec(ViTSpec vit, AdapterShape adapter, OptionalInt attentionOf) {
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
    attentionOf.ifPresent(
        block -> {
          if (block < 0 || block >= vit.depth()) {
            throw new ShapeException(
                "attention of block %d: backbone has blocks 0 to %d"
                    .formatted(block, vit.depth() - 1));
          }
        });
  }

  /** With the attention of the last block as an output, or without any. */
  public ModelSpec(ViTSpec vit, AdapterShape adapter, boolean attention) {
    this(vit, adapter, attention ? OptionalInt.of(vit.depth() - 1) : OptionalInt.empty());
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

  /** Multiplications per window of the blocks' matrices, forward. */
  public long multiplications() {
    return (long) tokens() * vit.depth() * vit.width() * (4L * vit.width() + 2L * vit.mlpWidth());
  }

  boolean attentionIn(int block) {
    return attentionOf.isPresent() && attentionOf.getAsInt() == block;
  }

  /** Whether the last block computes only the tokens that the head looks at. */
  boolean prunesLastBlock() {
    return !attentionIn(vit.depth() - 1)
        && adapter.head() == HeadKind.CLIP
        && vit.specials() > 0
        && !vit.normAfter();
  }
}
