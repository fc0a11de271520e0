package dev.lookaside.classifier.weights;

/**
 * Sizes of a vision transformer.
 *
 * @param width channels of a token
 * @param depth blocks
 * @param heads attention heads; each has {@code width / heads} channels
 * @param mlpWidth hidden channels of the MLP
 * @param specials tokens before the patches: 1 (cls) or 2 (cls, dist)
 * @param gridRows rows (frequency) of the stored position table
 * @param gridColumns columns (time) of the stored position table
 * @param epsilon of every LayerNorm but the head's, which has {@link #HEAD_EPSILON}
 */
public record ViTSpec(
    int width,
    int depth,
    int heads,
    int mlpWidth,
    int specials,
    int gridRows,
    int gridColumns,
    float epsilon) {
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
    if (specials < 1 || specials > 2) {
      throw new IllegalArgumentException("specials " + specials + ": must be 1 or 2");
    }
  }

  /** Channels of one head. */
  public int headWidth() {
    return width / heads;
  }
}
