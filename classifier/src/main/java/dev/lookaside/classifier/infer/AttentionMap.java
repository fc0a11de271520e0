package dev.lookaside.classifier.infer;

import java.util.OptionalInt;

/**
 * Where some tokens of a window look: their attention, averaged over them, on the (frequency, time)
 * grid of patches.
 *
 * @param heads per head, {@code [rows][columns]}, row 0 the lowest frequencies; with {@code
 *     specialShares} of the head, one head's values sum to 1
 * @param specialShares per head, what goes to the special tokens
 */
@SuppressWarnings("ArrayRecordComponent") // Numbers to be drawn, made once.
public record AttentionMap(float[][][] heads, float[] specialShares) {

  /** The grid of a model's tokens: {@code specials}, then patches, frequency-major. */
  public record Grid(int specials, int rows, int columns) {
    int tokens() {
      return specials + rows * columns;
    }
  }

  /**
   * What the patches of a time column look at.
   *
   * @param window of the attention's windows
   * @param row one patch of the column only; otherwise all of them, averaged
   */
  public static AttentionMap ofColumn(
      Attention attention, int window, Grid grid, int column, OptionalInt row) {
    check("column", column, grid.columns());
    row.ifPresent(r -> check("row", r, grid.rows()));
    int from = row.orElse(0);
    int until = row.isPresent() ? from + 1 : grid.rows();
    int[] tokens = new int[until - from];
    for (int r = from; r < until; r++) {
      tokens[r - from] = grid.specials() + r * grid.columns() + column;
    }
    return of(attention, window, grid, tokens);
  }

  /** What the special tokens look at, from which a clip head reads its logits. */
  public static AttentionMap ofSpecials(Attention attention, int window, Grid grid) {
    int[] tokens = new int[grid.specials()];
    for (int s = 0; s < tokens.length; s++) {
      tokens[s] = s;
    }
    return of(attention, window, grid, tokens);
  }

  private static AttentionMap of(Attention attention, int window, Grid grid, int[] from) {
    int n = attention.tokens();
    if (n != grid.tokens()) {
      throw new IllegalArgumentException(
          "grid \"%s\": has %d tokens, the attention %d".formatted(grid, grid.tokens(), n));
    }
    float[] shares = attention.attention()[window];
    float[][][] heads = new float[attention.heads()][grid.rows()][grid.columns()];
    float[] specials = new float[attention.heads()];
    for (int h = 0; h < heads.length; h++) {
      for (int token : from) {
        int at = (h * n + token) * n;
        for (int s = 0; s < grid.specials(); s++) {
          specials[h] += shares[at + s] / from.length;
        }
        for (int patch = 0; patch < grid.rows() * grid.columns(); patch++) {
          heads[h][patch / grid.columns()][patch % grid.columns()] +=
              shares[at + grid.specials() + patch] / from.length;
        }
      }
    }
    return new AttentionMap(heads, specials);
  }

  private static void check(String name, int value, int count) {
    if (value < 0 || value >= count) {
      throw new IllegalArgumentException(
          "%s \"%d\": must be 0 to %d".formatted(name, value, count - 1));
    }
  }

  /** The mean over heads, {@code [rows][columns]}. */
  public float[][] mean() {
    float[][] mean = new float[heads[0].length][heads[0][0].length];
    for (float[][] head : heads) {
      for (int r = 0; r < mean.length; r++) {
        for (int c = 0; c < mean[r].length; c++) {
          mean[r][c] += head[r][c] / heads.length;
        }
      }
    }
    return mean;
  }

  /** The mean over heads of what goes to the special tokens. */
  public float meanSpecialShare() {
    float mean = 0;
    for (float share : specialShares) {
      mean += share / specialShares.length;
    }
    return mean;
  }
}
