package dev.lookaside.classifier.detect;

/**
 * How windows lie over the cells of a posterior curve. Window {@code k} starts at cell {@code k *
 * cellsPerHop} and covers {@link #windowCells()} cells; all indices count from sample 0 of the
 * stream.
 *
 * @param windowFrames frames a window sees
 * @param hopFrames frames from one window to the next
 * @param columns posteriors a window gives per class: 1, or one per equal slice of the window
 * @param cellFrames frames of one cell: the hop for one column, else the greatest length that
 *     divides both the hop and a column
 */
record CurveGrid(int windowFrames, int hopFrames, int columns, int cellFrames) {
  CurveGrid {
    require(windowFrames >= 1, "windowFrames", windowFrames, "must be 1 or more");
    require(hopFrames >= 1, "hopFrames", hopFrames, "must be 1 or more");
    require(
        columns >= 1 && windowFrames % columns == 0,
        "columns",
        columns,
        "must divide the " + windowFrames + " frames of a window");
    require(
        cellFrames >= 1 && hopFrames % cellFrames == 0,
        "cellFrames",
        cellFrames,
        "must divide the hop of " + hopFrames + " frames");
  }

  static CurveGrid of(int windowFrames, int hopFrames, int columns) {
    int cell = columns <= 1 ? hopFrames : gcd(hopFrames, windowFrames / columns);
    return new CurveGrid(windowFrames, hopFrames, columns, cell);
  }

  int cellsPerHop() {
    return hopFrames / cellFrames;
  }

  int windowCells() {
    return coveredCells(windowFrames);
  }

  /** Cells that the first {@code validFrames} frames of a window touch. */
  int coveredCells(int validFrames) {
    return (validFrames + cellFrames - 1) / cellFrames;
  }

  /** Most windows that can cover one cell. */
  int windowsPerCell() {
    return (windowCells() + cellsPerHop() - 1) / cellsPerHop();
  }

  /** First window of an endless stream that covers {@code cell}; negative at the very start. */
  long firstWindowOf(long cell) {
    return ceilDiv(cell - windowCells() + 1, cellsPerHop());
  }

  /** First cell that a curve which joins a running stream at {@code window} can be sure of. */
  long firstSureCell(long window) {
    return (window - 1) * cellsPerHop() + windowCells();
  }

  /** Last window that covers {@code cell}; with a hop above the window maybe the one before it. */
  long lastWindowOf(long cell) {
    return Math.floorDiv(cell, cellsPerHop());
  }

  /** Column of window {@code index} that holds the middle of {@code cell}. */
  int columnOf(long index, long cell) {
    if (columns == 1) {
      return 0;
    }
    long frame = (cell - index * cellsPerHop()) * cellFrames + cellFrames / 2;
    return (int) Math.min(columns - 1, frame / (windowFrames / columns));
  }

  static long ceilDiv(long a, long b) {
    return -Math.floorDiv(-a, b);
  }

  private static int gcd(int a, int b) {
    return b == 0 ? a : gcd(b, a % b);
  }

  private static void require(boolean holds, String field, int value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException("%s \"%d\": %s".formatted(field, value, rule));
    }
  }
}
