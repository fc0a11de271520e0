package dev.lookaside.classifier.detect;

import dev.lookaside.ingest.ProgressBytes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Windows of one segment to events, by thresholds with hysteresis per class. Pure; one per segment.
 *
 * <p>A class sounds from the first cell at or above its on threshold until the first below its off
 * threshold. Stretches with fewer than {@code minGapCells} quiet cells between them are one event;
 * then events shorter than their class's {@code minLengthCells} are dropped. An event is {@link
 * Kind#STARTED} in the cell where its length, quiet cells inside it included, reaches the minimum:
 * from there on it can only grow, so a start never has to be taken back. It is {@link Kind#ENDED}
 * once it has been quiet for the minimum gap or the segment is finished.
 *
 * <p>Streaming equals whole-clip decoding bit for bit: events depend on the curve alone and come in
 * the order of their deciding cells, then of their classes.
 */
public final class HysteresisDecoder {
  /** What became certain. */
  public enum Kind {
    STARTED,
    ENDED
  }

  /**
   * One thing that became certain. Cells are half-open; one cell is {@link #cellFrames()} frames.
   *
   * @param classIndex which class
   * @param onsetCell first cell
   * @param offsetCell the cell after the last one; of a started event, as far as it is known
   * @param peak highest posterior of the curve in it
   * @param mean mean posterior of the curve over it
   */
  public record Event(
      Kind kind, int classIndex, long onsetCell, long offsetCell, float peak, float mean) {}

  private final CurveGrid grid;
  private final DecoderSettings settings;
  private final PosteriorCurve curve;
  private final PosteriorCurve.@Nullable CellConsumer tap;
  private final Track[] tracks;
  private List<Event> events = new ArrayList<>();

  /**
   * @param fromCell no event begins before this cell
   * @param tap sees every finished cell of the curve, or null
   */
  HysteresisDecoder(
      CurveGrid grid,
      DecoderSettings settings,
      long fromCell,
      PosteriorCurve.@Nullable CellConsumer tap) {
    this(
        grid,
        settings,
        new PosteriorCurve(grid, settings.combination(), settings.classes(), fromCell),
        tap);
  }

  private HysteresisDecoder(
      CurveGrid grid,
      DecoderSettings settings,
      PosteriorCurve curve,
      PosteriorCurve.@Nullable CellConsumer tap) {
    this.grid = grid;
    this.settings = settings;
    this.curve = curve;
    this.tap = tap;
    this.tracks = new Track[settings.classes()];
    for (int c = 0; c < tracks.length; c++) {
      tracks[c] = new Track();
    }
  }

  /** A decoder that goes on where another of the same grid and number of classes was. */
  static HysteresisDecoder read(ProgressBytes.Reader in, CurveGrid grid, DecoderSettings settings) {
    PosteriorCurve curve =
        PosteriorCurve.read(in, grid, settings.combination(), settings.classes());
    HysteresisDecoder decoder = new HysteresisDecoder(grid, settings, curve, null);
    for (Track track : decoder.tracks) {
      track.read(in);
    }
    return decoder;
  }

  void write(ProgressBytes.Writer out) {
    curve.write(out);
    for (Track track : tracks) {
      track.write(out);
    }
  }

  /** A decoder for windows of {@code windowFrames} frames every {@code hopFrames}. */
  public static HysteresisDecoder of(
      int windowFrames, int hopFrames, int columns, DecoderSettings settings) {
    return new HysteresisDecoder(
        CurveGrid.of(windowFrames, hopFrames, columns), settings, 0, (cell, values) -> {});
  }

  /**
   * Takes the next window of the segment.
   *
   * @param posteriors row-major {@code [columns][classes]}, never written again
   * @throws IllegalStateException if {@code index} does not follow the last one
   */
  public List<Event> push(long index, int validFrames, float[] posteriors) {
    return push(index, validFrames, posteriors, false);
  }

  /** A window that the silence gate skipped: zeros. */
  public List<Event> skip(long index, int validFrames) {
    return skip(index, validFrames, false);
  }

  /** A window that was not scored for want of time: it has no say. */
  public List<Event> shed(long index, int validFrames) {
    return push(index, validFrames, null, false);
  }

  /** {@code joined}: see {@link PosteriorCurve#push}; {@code posteriors} null if shed. */
  List<Event> push(long index, int validFrames, float @Nullable [] posteriors, boolean joined) {
    curve.push(index, validFrames, posteriors, joined, this::onCell);
    return taken();
  }

  List<Event> skip(long index, int validFrames, boolean joined) {
    curve.skip(index, validFrames, joined, this::onCell);
    return taken();
  }

  /** Ends the segment; all open events close. The decoder is done then. */
  public List<Event> finish() {
    curve.finish(this::onCell);
    return closed();
  }

  /** As {@link #finish}, but the curve ends before {@code cell} if it is not longer already. */
  List<Event> finishBefore(long cell) {
    curve.finishBefore(cell, this::onCell);
    return closed();
  }

  private List<Event> closed() {
    for (int c = 0; c < tracks.length; c++) {
      tracks[c].close(c);
    }
    return taken();
  }

  /** Frames of one cell. */
  public int cellFrames() {
    return grid.cellFrames();
  }

  /** The first cell whose value is not known yet. */
  long nextCell() {
    return curve.nextCell();
  }

  /** Onset cell of the event of class {@code c} that is still undecided or open; -1 if none. */
  long openOnset(int c) {
    return tracks[c].onset;
  }

  private List<Event> taken() {
    List<Event> out = events;
    events = new ArrayList<>();
    return out;
  }

  private void onCell(long cell, float[] values) {
    if (tap != null) {
      tap.cell(cell, values);
    }
    for (int c = 0; c < tracks.length; c++) {
      tracks[c].step(c, cell, values[c]);
    }
  }

  /** One class: quiet, or in an event whose last loud cell is known. */
  private final class Track {
    private long onset = -1;
    private long lastLoud;
    private boolean loud;
    private boolean started;
    private float peak;
    private double sum;
    private double sumToLastLoud;

    void step(int c, long cell, float value) {
      loud = value >= (loud ? settings.off(c) : settings.on(c));
      if (!loud && onset < 0) {
        return;
      }
      if (onset < 0) {
        onset = cell;
        peak = value;
        sum = 0;
      }
      sum += value;
      if (loud) {
        lastLoud = cell;
        sumToLastLoud = sum;
        peak = Math.max(peak, value);
        if (!started && cell - onset + 1 >= settings.minLengthCells(c, grid.cellFrames())) {
          started = true;
          events.add(event(Kind.STARTED, c));
        }
      } else if (cell - lastLoud >= settings.minGapCells(grid.cellFrames())) {
        close(c);
      }
    }

    void close(int c) {
      if (onset >= 0 && started) {
        events.add(event(Kind.ENDED, c));
      }
      onset = -1;
      loud = false;
      started = false;
    }

    void write(ProgressBytes.Writer out) {
      out.bool(onset >= 0);
      if (onset >= 0) {
        out.int64(onset).int64(lastLoud).bool(loud).bool(started).float32(peak);
        out.float64(sum).float64(sumToLastLoud);
      }
    }

    void read(ProgressBytes.Reader in) {
      if (in.bool()) {
        onset = in.int64();
        lastLoud = in.int64();
        loud = in.bool();
        started = in.bool();
        peak = in.float32();
        sum = in.float64();
        sumToLastLoud = in.float64();
      }
    }

    private Event event(Kind kind, int c) {
      float mean = (float) (sumToLastLoud / (lastLoud - onset + 1));
      return new Event(kind, c, onset, lastLoud + 1, peak, mean);
    }
  }
}
