package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.HysteresisDecoder.Event;
import dev.lookaside.classifier.detect.HysteresisDecoder.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The slow obvious decoder: looks at a whole segment at once, cell by cell, from the definition.
 */
final class WholeClipReference {
  /** A window of the segment; posteriors {@code [column][class]}, null if shed. */
  record Window(long index, int validFrames, float @Nullable [][] posteriors) {}

  /** An event with the cell that decided it. */
  record Decided(long cell, Event event) {}

  private final CurveGrid grid;
  private final DecoderSettings settings;
  private final List<Window> windows;
  private final boolean joined;

  WholeClipReference(
      CurveGrid grid, DecoderSettings settings, List<Window> windows, boolean joined) {
    this.grid = grid;
    this.settings = settings;
    this.windows = windows;
    this.joined = joined;
  }

  long firstCell() {
    return startFrame(windows.get(0)) / grid.cellFrames();
  }

  long endCell() {
    long end = firstCell();
    for (Window w : windows) {
      long lastFrame = startFrame(w) + w.validFrames() - 1;
      end = Math.max(end, lastFrame / grid.cellFrames() + 1);
    }
    return end;
  }

  private long startFrame(Window w) {
    return w.index() * grid.hopFrames();
  }

  private boolean covers(Window w, long cell) {
    long cellStart = cell * grid.cellFrames();
    return cellStart >= startFrame(w) && cellStart < startFrame(w) + w.validFrames();
  }

  private float value(Window w, long cell, int c) {
    long middle = cell * grid.cellFrames() + grid.cellFrames() / 2;
    int columnFrames = grid.windowFrames() / grid.columns();
    int column = (int) ((middle - startFrame(w)) / columnFrames);
    return w.posteriors()[Math.min(column, grid.columns() - 1)][c];
  }

  float curve(long cell, int c) {
    // A full window before the first would still have covered the cell: it is not sure.
    long before = startFrame(windows.get(0)) - grid.hopFrames() + grid.windowFrames();
    if (joined && cell * grid.cellFrames() < before) {
      return 0;
    }
    List<Window> over = windows.stream().filter(w -> covers(w, cell)).toList();
    Combination how = settings.combination();
    if (how.kind() == Combination.Kind.POSITION) {
      return atPlace(over, cell, c);
    }
    List<Window> known = over.stream().filter(w -> w.posteriors() != null).toList();
    if (known.isEmpty()) {
      return 0;
    }
    if (how.kind() == Combination.Kind.MEAN || how.kind() == Combination.Kind.WEIGHTED) {
      double sum = 0;
      double weights = 0;
      for (Window w : known) {
        long position = cell - startFrame(w) / grid.cellFrames();
        int n = (grid.windowFrames() + grid.cellFrames() - 1) / grid.cellFrames();
        double weight =
            how.kind() == Combination.Kind.MEAN ? 1 : Math.min(position + 1, n - position);
        sum += weight * value(w, cell, c);
        weights += weight;
      }
      return (float) (sum / weights);
    }
    float[] sorted = new float[known.size()];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = value(known.get(i), cell, c);
    }
    Arrays.sort(sorted);
    double rank = how.kind() == Combination.Kind.MINIMUM ? 0 : how.parameter();
    return sorted[(int) Math.floor(rank * (sorted.length - 1))];
  }

  /** Nearest window by place, older one on a tie; from there back to the first known one. */
  private float atPlace(List<Window> over, long cell, int c) {
    double middle = cell * grid.cellFrames() + grid.cellFrames() / 2.0;
    long place = Math.round(settings.combination().parameter() * grid.windowFrames());
    Window best = null;
    for (Window w : over) {
      double distance = Math.abs(startFrame(w) + place - middle);
      if (best == null || distance < Math.abs(startFrame(best) + place - middle)) {
        best = w;
      }
    }
    float value = 0;
    for (Window w : over) {
      if (best != null && w.index() <= best.index() && w.posteriors() != null) {
        value = value(w, cell, c);
      }
    }
    return value;
  }

  List<Event> events() {
    List<Decided> all = new ArrayList<>();
    for (int c = 0; c < settings.classes(); c++) {
      all.addAll(eventsOf(c));
    }
    all.sort(
        Comparator.comparingLong(Decided::cell)
            .thenComparingInt(d -> d.event().classIndex())
            .thenComparing(d -> d.event().kind()));
    return all.stream().map(Decided::event).toList();
  }

  private List<Decided> eventsOf(int c) {
    long first = firstCell();
    float[] curve = new float[(int) (endCell() - first)];
    boolean[] loud = new boolean[curve.length];
    for (int i = 0; i < curve.length; i++) {
      curve[i] = curve(first + i, c);
      boolean before = i > 0 && loud[i - 1];
      loud[i] = curve[i] >= (before ? settings.off()[c] : settings.on()[c]);
    }
    List<int[]> runs = new ArrayList<>();
    for (int i = 0; i < loud.length; i++) {
      if (loud[i] && (i == 0 || !loud[i - 1])) {
        runs.add(new int[] {i, i + 1});
      } else if (loud[i]) {
        runs.get(runs.size() - 1)[1] = i + 1;
      }
    }
    List<int[]> merged = new ArrayList<>();
    for (int[] run : runs) {
      int[] last = merged.isEmpty() ? null : merged.get(merged.size() - 1);
      if (last != null && (run[0] - last[1]) * grid.cellFrames() < settings.minGapFrames()) {
        last[1] = run[1];
      } else {
        merged.add(run.clone());
      }
    }
    List<Decided> out = new ArrayList<>();
    for (int[] m : merged) {
      if ((m[1] - m[0]) * grid.cellFrames() >= settings.minLengthFrames()[c]) {
        out.add(started(c, m, curve, loud));
        out.add(ended(c, m, curve));
      }
    }
    return out;
  }

  private Decided started(int c, int[] run, float[] curve, boolean[] loud) {
    int i = run[0];
    while (!(loud[i] && (i + 1 - run[0]) * grid.cellFrames() >= settings.minLengthFrames()[c])) {
      i++;
    }
    return new Decided(firstCell() + i, event(Kind.STARTED, c, run[0], i + 1, curve));
  }

  private Decided ended(int c, int[] run, float[] curve) {
    int quiet = 1;
    while (quiet * grid.cellFrames() < settings.minGapFrames()) {
      quiet++;
    }
    long decided = run[1] - 1 + quiet;
    // Events still open at the end close after everything else, class by class.
    long cell = decided < curve.length ? firstCell() + decided : Long.MAX_VALUE;
    return new Decided(cell, event(Kind.ENDED, c, run[0], run[1], curve));
  }

  private Event event(Kind kind, int c, int from, int until, float[] curve) {
    float peak = 0;
    double sum = 0;
    for (int i = from; i < until; i++) {
      peak = Math.max(peak, curve[i]);
      sum += curve[i];
    }
    float mean = (float) (sum / (until - from));
    return new Event(kind, c, firstCell() + from, firstCell() + until, peak, mean);
  }
}
