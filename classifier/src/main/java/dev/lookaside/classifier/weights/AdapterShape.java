package dev.lookaside.classifier.weights;

import java.util.List;
import java.util.Optional;

/**
 * All that a graph must know of an adapter. Adapters of equal shape run in the same session: a swap
 * between them is a change of tensors only.
 *
 * @param width channels of the backbone
 * @param windowFrames frames of a window
 * @param mels bands of a frame
 * @param stride frames and mels from patch to patch; below {@link ViTSpec#PATCH} patches overlap
 * @param classes rows of {@code head.fc}
 * @param attn the adapter beside the attention of each block, if there is one
 * @param mlp the adapter beside the MLP of each block, if there is one
 */
public record AdapterShape(
    int width,
    int windowFrames,
    int mels,
    int stride,
    int classes,
    HeadKind head,
    List<Optional<Bottleneck>> attn,
    List<Optional<Bottleneck>> mlp) {
  public AdapterShape {
    attn = List.copyOf(attn);
    mlp = List.copyOf(mlp);
    if (attn.size() != mlp.size()) {
      throw new IllegalArgumentException(
          "adapters for %d and %d blocks: must be as many".formatted(attn.size(), mlp.size()));
    }
    if (stride < 1 || stride > ViTSpec.PATCH) {
      throw new IllegalArgumentException("stride " + stride + ": must be 1 to " + ViTSpec.PATCH);
    }
    if (head == HeadKind.COLUMNS && stride != ViTSpec.PATCH) {
      throw new IllegalArgumentException("stride " + stride + ": a columns head needs 16");
    }
  }

  /** Patches along frequency. */
  public int gridRows() {
    return (mels - ViTSpec.PATCH) / stride + 1;
  }

  /** Patches along time. */
  public int gridColumns() {
    return (windowFrames - ViTSpec.PATCH) / stride + 1;
  }

  /**
   * The adapter at {@code site} of block {@code block}; blocks beyond the last adapter have none.
   */
  public Optional<Bottleneck> at(int block, Site site) {
    List<Optional<Bottleneck>> all = site == Site.ATTN ? attn : mlp;
    return block < all.size() ? all.get(block) : Optional.empty();
  }

  /** Blocks 0 to {@code blocks() - 1} may hold adapters. */
  public int blocks() {
    return attn.size();
  }

  /** Rows of posteriors per window. */
  public int columns() {
    return head == HeadKind.COLUMNS ? gridColumns() : 1;
  }

  /** Values that a trainer fits: convolutions, head norm and head. */
  public long parameters() {
    long n = 2L * width + (width + 1L) * classes;
    for (int b = 0; b < blocks(); b++) {
      for (Site s : Site.values()) {
        n += at(b, s).map(k -> 2L * width * k.rank() * k.kernel().taps()).orElse(0L);
      }
    }
    return n;
  }
}
