package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.ViTSpec;
import java.util.Arrays;

/**
 * Brings a position table to another grid by AST's rule: the time axis first, then frequency; an
 * axis that shrinks is cut around its centre, one that grows is stretched bilinearly (PyTorch's
 * {@code interpolate}, corners not aligned, no antialiasing). Of a table that counts from the start
 * a shorter time axis has the first columns.
 *
 * @see <a href="https://github.com/YuanGongND/ast">AST, ast_models.py</a>
 */
final class PositionTable {
  private PositionTable() {}

  /** A backbone's table on a model's grid, special tokens first, {@code [tokens][width]}. */
  static float[] onGrid(Backbone backbone, ModelSpec spec) {
    ViTSpec vit = spec.vit();
    int specials = vit.specials() * vit.width();
    float[] table = backbone.tensor("pos_embed").toArray();
    float[] patches =
        resize(
            Arrays.copyOfRange(table, specials, table.length),
            vit.gridRows(),
            vit.gridColumns(),
            vit.width(),
            spec.rows(),
            spec.columns(),
            vit.positionsFromStart());
    float[] all = Arrays.copyOf(table, specials + patches.length);
    System.arraycopy(patches, 0, all, specials, patches.length);
    return all;
  }

  /**
   * @param table row-major {@code [rows][columns][width]}
   * @return row-major {@code [toRows][toColumns][width]}
   */
  static float[] resize(
      float[] table, int rows, int columns, int width, int toRows, int toColumns) {
    return resize(table, rows, columns, width, toRows, toColumns, false);
  }

  private static float[] resize(
      float[] table,
      int rows,
      int columns,
      int width,
      int toRows,
      int toColumns,
      boolean fromStart) {
    int first = fromStart ? 0 : columns / 2 - toColumns / 2;
    float[] wide = resizeColumns(table, rows, columns, width, toColumns, first);
    if (toRows <= rows) {
      int from = rows / 2 - toRows / 2;
      float[] cut = new float[toRows * toColumns * width];
      System.arraycopy(wide, from * toColumns * width, cut, 0, cut.length);
      return cut;
    }
    // Rows are columns of the transposed table, whose entries are whole rows.
    return resizeColumns(wide, 1, rows, toColumns * width, toRows, 0);
  }

  /** {@code first}: of the columns that stay, if there are fewer. */
  private static float[] resizeColumns(
      float[] table, int rows, int columns, int width, int to, int first) {
    float[] out = new float[rows * to * width];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < to; c++) {
        int target = (r * to + c) * width;
        if (to <= columns) {
          int from = (r * columns + first + c) * width;
          System.arraycopy(table, from, out, target, width);
          continue;
        }
        float source = Math.max(0f, (c + 0.5f) * ((float) columns / to) - 0.5f);
        int left = (int) source;
        int right = Math.min(left + 1, columns - 1);
        float share = source - left;
        for (int d = 0; d < width; d++) {
          float a = table[(r * columns + left) * width + d];
          float b = table[(r * columns + right) * width + d];
          out[target + d] = (1 - share) * a + share * b;
        }
      }
    }
    return out;
  }
}
