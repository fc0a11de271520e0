package dev.lookaside.classifier.weights;

/**
 * Sizes of a vision transformer.
 *
 * @param width channels of a token
 * @param depth blocks
 * @param heads attention heads; each has {@code width / heads} channels
 * @param mlpWidth hidden channels of the MLP
 * @param specials tokens before the patches: 2 (cls, dist), 1 (cls) or 0: a clip head then pools
 *     the patches
 * @param gridRows rows (frequency) of the stored position table
 * @param gridColumns columns (time) of the stored position table
 * @param epsilon of every LayerNorm but the head's, which has {@link #HEAD_EPSILON}
 * @param normAfter whether a block norms its sums (as the first transformers and MAE-AST do; the
 *     tokens are normed before the first block), not what enters attention and MLP
 * @param positionsFromStart whether a shorter window has the first columns of the position table,
 *     not the middle ones
 */
public record ViTSpec(
    int width,
    int depth,
    int heads,
    int mlpWidth,
    int specials,
    int gridRows,
    int gridColumns,
    float epsilon,
    boolean normAfter,
    boolean positionsFromStart) {
  /** Side of a patch in frames and mels; also the stride: patches do not overlap. */
  public static final int PATCH = 16;

  /** PyTorch's default, used by AST's {@code mlp_head}. */
  public static final float HEAD_EPSILON = 1e-5f;

  public ViTSpec {
    if (width < 1 || depth < 1 || mlpWidth < 1) {
      throw new IllegalArgumentException(
          "width %d, depth %d, mlpWidth %d: must be at least 1".formatted(width, depth, mlpWidth));
    }
    if (heads < 1 || width % heads != 0) {
      throw new IllegalArgumentException(
          "heads \"%d\": must divide the width %d".formatted(heads, width));
    }
    if (specials < 0 || specials > 2) {
      throw new IllegalArgumentException("specials " + specials + ": must be 0, 1 or 2");
    }
  }

  /** As ViT, DeiT, AST and SSAST are: normed first, positions cut around the centre. */
  public ViTSpec(
      int width,
      int depth,
      int heads,
      int mlpWidth,
      int specials,
      int gridRows,
      int gridColumns,
      float epsilon) {
    this(width, depth, heads, mlpWidth, specials, gridRows, gridColumns, epsilon, false, false);
  }

  /** Channels of one head. */
  public int headWidth() {
    return width / heads;
  }
}
