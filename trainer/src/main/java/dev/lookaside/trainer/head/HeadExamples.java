package dev.lookaside.trainer.head;

import java.util.ArrayList;
import java.util.List;

/**
 * What a head is fitted to: embeddings of time columns (or of whole windows), with the share of
 * each in which each class sounds. Holds references to embeddings, not copies. For one thread until
 * it is filled.
 */
public final class HeadExamples {
  /** A target that nobody knows: the row says nothing of that class. */
  public static final float UNKNOWN = Float.NaN;

  private final int classes;
  private final int width;
  private final List<float[]> embeddings = new ArrayList<>();
  private final List<Integer> columns = new ArrayList<>();
  private final List<float[]> targets = new ArrayList<>();
  private final List<Integer> folds = new ArrayList<>();

  /**
   * @param width values of an embedding
   */
  public HeadExamples(int classes, int width) {
    this.classes = classes;
    this.width = width;
  }

  /**
   * Adds one row.
   *
   * @param embedding row-major {@code [columns][width]}; not written
   * @param target {@code [classes]}, 0 to 1 or {@link #UNKNOWN}; kept
   * @param fold whose sounds it holds, from 0
   */
  public void add(float[] embedding, int column, float[] target, int fold) {
    if (target.length != classes || (column + 1) * width > embedding.length) {
      throw new IllegalArgumentException(
          "row of %d targets in column %d of %d values: must be %d targets, columns of %d"
              .formatted(target.length, column, embedding.length, classes, width));
    }
    embeddings.add(embedding);
    columns.add(column);
    targets.add(target);
    folds.add(fold);
  }

  /** Number of rows. */
  public int size() {
    return targets.size();
  }

  int classes() {
    return classes;
  }

  int width() {
    return width;
  }

  int fold(int row) {
    return folds.get(row);
  }

  /** The values in which a row's lie, from {@link #from} on. */
  float[] embedding(int row) {
    return embeddings.get(row);
  }

  int from(int row) {
    return columns.get(row) * width;
  }

  /** {@code [width][rows]}: what is multiplied lies side by side. */
  float[][] byDimension() {
    float[][] values = new float[width][size()];
    for (int r = 0; r < size(); r++) {
      float[] embedding = embeddings.get(r);
      int from = columns.get(r) * width;
      for (int d = 0; d < width; d++) {
        values[d][r] = embedding[from + d];
      }
    }
    return values;
  }

  /** Of one row, {@code [classes]}; not to be written. */
  float[] target(int row) {
    return targets.get(row);
  }

  /** Of one class, {@code [rows]}. */
  float[] targets(int label) {
    float[] its = new float[size()];
    for (int r = 0; r < its.length; r++) {
      its[r] = targets.get(r)[label];
    }
    return its;
  }
}
