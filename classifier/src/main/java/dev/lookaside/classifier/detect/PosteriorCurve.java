package dev.lookaside.classifier.detect;

import dev.lookaside.ingest.ProgressBytes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The per-class curve of one segment, grown window by window. A cell is given out once, in order,
 * as soon as no later window can change it; its value depends only on the windows, never on when
 * they came. Sums run over windows in ascending order, in double.
 *
 * <p>A window is scored (posteriors), skipped (zeros) or shed (unknown: it takes no part). A cell
 * that no known window covers is 0.
 */
final class PosteriorCurve {
  /**
   * Gets each finished cell; {@code values} has one entry per class and belongs to the receiver.
   */
  interface CellConsumer {
    void cell(long cell, float[] values);
  }

  private static final float[] UNKNOWN = {};

  private final CurveGrid grid;
  private final Combination combination;
  private final int classes;
  private final float[] zeros;
  private final float[][] ring;
  private final int[] covered;
  private final float[] scratch;
  private final long fromCell;
  private long firstWindow = -1;
  private long lastWindow = -1;
  private long nextCell;
  private long endCell;
  private long firstSureCell;

  /**
   * @param fromCell earlier cells are another curve's and stay 0 here
   */
  PosteriorCurve(CurveGrid grid, Combination combination, int classes, long fromCell) {
    this.fromCell = fromCell;
    this.grid = grid;
    this.combination = combination;
    this.classes = classes;
    this.zeros = new float[grid.columns() * classes];
    this.ring = new float[grid.windowsPerCell() + 1][];
    this.covered = new int[ring.length];
    this.scratch = new float[ring.length];
  }

  /**
   * Adds the next window.
   *
   * @param joined for the first window: processing joined a running stream here, so cells whose
   *     earlier windows are missing stay 0 instead of being judged on what is left
   * @param validFrames frames of the window that are audio, 1..windowFrames
   * @param posteriors row-major {@code [columns][classes]}, not written any more; null if shed
   * @throws IllegalStateException if {@code index} does not follow the last one
   */
  void push(
      long index,
      int validFrames,
      float @Nullable [] posteriors,
      boolean joined,
      CellConsumer consumer) {
    if (firstWindow < 0) {
      firstWindow = index;
      nextCell = index * grid.cellsPerHop();
      endCell = nextCell;
      long sure = joined ? grid.firstSureCell(index) : nextCell;
      firstSureCell = Math.max(sure, fromCell);
    } else if (index != lastWindow + 1) {
      throw new IllegalStateException(
          "window \"%d\": must be %d, the one after the last".formatted(index, lastWindow + 1));
    }
    if (posteriors != null && posteriors.length != zeros.length) {
      throw new IllegalArgumentException(
          "posteriors \"%d\": must be %d (%d columns of %d classes)"
              .formatted(posteriors.length, zeros.length, grid.columns(), classes));
    }
    lastWindow = index;
    int slot = (int) (index % ring.length);
    ring[slot] = posteriors == null ? UNKNOWN : posteriors;
    covered[slot] = grid.coveredCells(validFrames);
    endCell = Math.max(endCell, index * grid.cellsPerHop() + covered[slot]);
    while (nextCell < endCell && decidingWindow(nextCell) <= index) {
      give(consumer);
    }
  }

  /** Adds a window that the silence gate skipped. */
  void skip(long index, int validFrames, boolean joined, CellConsumer consumer) {
    push(index, validFrames, zeros, joined, consumer);
  }

  /** Gives out what is left: no window follows. */
  void finish(CellConsumer consumer) {
    finishBefore(endCell, consumer);
  }

  /** Gives out what is left before {@code cell}: later cells are another curve's. */
  void finishBefore(long cell, CellConsumer consumer) {
    while (nextCell < Math.min(cell, endCell)) {
      give(consumer);
    }
  }

  /** The first cell not given out yet. */
  long nextCell() {
    return nextCell;
  }

  private long decidingWindow(long cell) {
    return Math.max(firstWindow, combination.decidingWindow(grid, cell));
  }

  private void give(CellConsumer consumer) {
    float[] values = new float[classes];
    if (nextCell >= firstSureCell) {
      fill(nextCell, values);
    }
    consumer.cell(nextCell++, values);
  }

  private void fill(long cell, float[] values) {
    long from = Math.max(firstWindow, grid.firstWindowOf(cell));
    long until = Math.min(lastWindow, decidingWindow(cell));
    if (combination.kind() == Combination.Kind.POSITION) {
      // The wanted window; where there is none or it was shed, the nearest older one.
      while (until >= from && window(until, cell) == null) {
        until--;
      }
      if (until < from) {
        return;
      }
      from = until;
    }
    for (int c = 0; c < classes; c++) {
      values[c] =
          switch (combination.kind()) {
            case MEAN, WEIGHTED, POSITION -> mean(cell, from, until, c);
            case MINIMUM, QUANTILE -> ranked(cell, from, until, c);
          };
    }
  }

  private float mean(long cell, long from, long until, int c) {
    double sum = 0;
    double weights = 0;
    for (long k = from; k <= until; k++) {
      float[] window = window(k, cell);
      if (window != null) {
        int position = (int) (cell - k * grid.cellsPerHop());
        double weight = combination.weight(position, grid.windowCells());
        sum += weight * window[grid.columnOf(k, cell) * classes + c];
        weights += weight;
      }
    }
    return weights == 0 ? 0 : (float) (sum / weights);
  }

  private float ranked(long cell, long from, long until, int c) {
    int count = 0;
    for (long k = from; k <= until; k++) {
      float[] window = window(k, cell);
      if (window != null) {
        scratch[count++] = window[grid.columnOf(k, cell) * classes + c];
      }
    }
    if (count == 0) {
      return 0;
    }
    Arrays.sort(scratch, 0, count);
    return scratch[combination.rank(count)];
  }

  /** Posteriors of window {@code k} if it is known and really covers {@code cell}. */
  private float @Nullable [] window(long k, long cell) {
    int slot = (int) (k % ring.length);
    boolean covers = cell - k * grid.cellsPerHop() < covered[slot];
    return covers && ring[slot] != UNKNOWN ? ring[slot] : null;
  }

  void write(ProgressBytes.Writer out) {
    out.int64(fromCell).int64(firstWindow).int64(lastWindow).int64(nextCell).int64(endCell);
    out.int64(firstSureCell).int32(classes).int32(ring.length);
    for (int i = 0; i < ring.length; i++) {
      float[] window = ring[i];
      out.int32(covered[i]).bool(window != null);
      if (window != null) {
        out.int32(window.length);
        for (float posterior : window) {
          out.float32(posterior);
        }
      }
    }
  }

  /** A curve that goes on where another of the same grid and number of classes was. */
  static PosteriorCurve read(
      ProgressBytes.Reader in, CurveGrid grid, Combination combination, int classes) {
    PosteriorCurve curve = new PosteriorCurve(grid, combination, classes, in.int64());
    curve.firstWindow = in.int64();
    curve.lastWindow = in.int64();
    curve.nextCell = in.int64();
    curve.endCell = in.int64();
    curve.firstSureCell = in.int64();
    int itsClasses = in.int32();
    int slots = in.int32();
    if (itsClasses != classes || slots != curve.ring.length) {
      throw in.bad(
          "a curve of %d classes and %d windows, must be %d and %d"
              .formatted(itsClasses, slots, classes, curve.ring.length));
    }
    for (int i = 0; i < slots; i++) {
      curve.covered[i] = in.int32();
      if (in.bool()) {
        float[] window = new float[in.count(Float.BYTES)];
        if (window.length != 0 && window.length != curve.zeros.length) {
          throw in.bad("a window of " + window.length + " posteriors");
        }
        for (int p = 0; p < window.length; p++) {
          window[p] = in.float32();
        }
        curve.ring[i] = window.length == 0 ? UNKNOWN : window;
      }
    }
    return curve;
  }
}
