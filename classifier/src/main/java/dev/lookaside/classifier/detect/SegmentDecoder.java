package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.HysteresisDecoder.Event;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.ingest.ProgressBytes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Windows of one segment, in order, to events in native samples and capture time. Pure; used live
 * and offline alike.
 */
final class SegmentDecoder {
  /**
   * An event on the stream's clock.
   *
   * @param offsetSample end; of a started event, as far as it is known
   * @param onsetTime by the clock of the window that begins nearest before it
   * @param firstRecordOffset record that holds the start of that window
   * @param lastRecordOffset last record of the window at the offset
   */
  record TimedEvent(
      HysteresisDecoder.Kind kind,
      int classIndex,
      int rateHz,
      long onsetSample,
      long offsetSample,
      Instant onsetTime,
      Instant offsetTime,
      float peak,
      float mean,
      long firstRecordOffset,
      long lastRecordOffset) {}

  /**
   * How a segment begins.
   *
   * @param joined processing joined a running stream at its first window
   * @param fromFrame no event begins before this frame of the stream
   */
  record Beginning(boolean joined, long fromFrame) {
    static Beginning of(boolean joined) {
      return new Beginning(joined, 0);
    }
  }

  private record Onset(long cell, WindowMark mark) {}

  private final DetectorModel model;
  private final CurveGrid grid;
  private final HysteresisDecoder decoder;
  private final Beginning beginning;
  private final @Nullable Onset[] onsets;
  private final TreeMap<Long, WindowMark> marks = new TreeMap<>();

  /**
   * @param tap sees every cell of the curve, or null
   */
  SegmentDecoder(
      DetectorModel model, Beginning beginning, PosteriorCurve.@Nullable CellConsumer tap) {
    this(
        model,
        beginning,
        new HysteresisDecoder(
            model.grid(),
            model.decoder(),
            CurveGrid.ceilDiv(beginning.fromFrame(), model.grid().cellFrames()),
            tap));
  }

  private SegmentDecoder(DetectorModel model, Beginning beginning, HysteresisDecoder decoder) {
    this.model = model;
    this.grid = model.grid();
    this.decoder = decoder;
    this.beginning = beginning;
    this.onsets = new Onset[model.labels().size()];
  }

  void write(ProgressBytes.Writer out) {
    out.bool(beginning.joined()).int64(beginning.fromFrame());
    decoder.write(out);
    for (Onset onset : onsets) {
      out.bool(onset != null);
      if (onset != null) {
        out.int64(onset.cell());
        onset.mark().write(out);
      }
    }
    out.int32(marks.size());
    marks.values().forEach(mark -> mark.write(out));
  }

  /** A decoder that goes on where another of a model with as many labels and columns was. */
  static SegmentDecoder read(ProgressBytes.Reader in, DetectorModel model) {
    Beginning beginning = new Beginning(in.bool(), in.int64());
    SegmentDecoder decoder =
        new SegmentDecoder(
            model, beginning, HysteresisDecoder.read(in, model.grid(), model.decoder()));
    for (int c = 0; c < decoder.onsets.length; c++) {
      if (in.bool()) {
        decoder.onsets[c] = new Onset(in.int64(), WindowMark.read(in));
      }
    }
    for (int left = in.count(1); left > 0; left--) {
      WindowMark mark = WindowMark.read(in);
      decoder.marks.put(mark.index(), mark);
    }
    return decoder;
  }

  /** {@code posteriors} row-major {@code [columns][labels]}, never written again. */
  List<TimedEvent> scored(WindowMark mark, float[] posteriors) {
    remember(mark);
    return timed(decoder.push(mark.index(), mark.validFrames(), posteriors, beginning.joined()));
  }

  List<TimedEvent> skipped(WindowMark mark) {
    remember(mark);
    return timed(decoder.skip(mark.index(), mark.validFrames(), beginning.joined()));
  }

  List<TimedEvent> shed(WindowMark mark) {
    remember(mark);
    return timed(decoder.push(mark.index(), mark.validFrames(), null, beginning.joined()));
  }

  /** Closes what is open; the decoder is done then. */
  List<TimedEvent> finish() {
    return timed(decoder.finish());
  }

  /**
   * Closes what is open where the window {@code index}, the next one, begins: it is decoded by
   * another model. The decoder is done then.
   */
  List<TimedEvent> finishBefore(long index) {
    return timed(decoder.finishBefore(index * grid.cellsPerHop()));
  }

  /** The first frame that no cell given out so far covers. */
  long nextFrame() {
    return decoder.nextCell() * grid.cellFrames();
  }

  private void remember(WindowMark mark) {
    marks.put(mark.index(), mark);
    // Windows over cells that are not out yet are needed for their times.
    marks.headMap(mark.index() - grid.windowsPerCell() - 1L).clear();
  }

  private List<TimedEvent> timed(List<Event> events) {
    List<TimedEvent> out = new ArrayList<>(events.size());
    for (Event e : events) {
      out.add(timed(e));
    }
    for (int c = 0; c < onsets.length; c++) {
      long cell = decoder.openOnset(c);
      Onset known = onsets[c];
      if (cell < 0) {
        onsets[c] = null;
      } else if (known == null || known.cell() != cell) {
        onsets[c] = new Onset(cell, markAt(cell));
      }
    }
    return out;
  }

  private TimedEvent timed(Event e) {
    Onset known = onsets[e.classIndex()];
    WindowMark from =
        known != null && known.cell() == e.onsetCell() ? known.mark() : markAt(e.onsetCell());
    WindowMark until = markAt(e.offsetCell());
    long end = marks.lastEntry().getValue().span().untilSample();
    long onset = sampleOf(e.onsetCell(), from.rateHz());
    // A padded last window's cells may reach past the end of the audio.
    long offset = Math.max(onset, Math.min(end, sampleOf(e.offsetCell(), from.rateHz())));
    return new TimedEvent(
        e.kind(),
        e.classIndex(),
        from.rateHz(),
        onset,
        offset,
        from.timeOf(onset),
        until.timeOf(offset),
        e.peak(),
        e.mean(),
        from.firstRecordOffset(),
        Math.max(from.firstRecordOffset(), until.lastRecordOffset()));
  }

  /** The last window that begins at or before {@code cell}. */
  private WindowMark markAt(long cell) {
    Map.Entry<Long, WindowMark> at =
        marks.floorEntry(Math.floorDiv(cell, (long) grid.cellsPerHop()));
    return Objects.requireNonNull(at == null ? marks.firstEntry() : at, "no window yet").getValue();
  }

  /** Native sample at which {@code cell} begins, rounded down. */
  private long sampleOf(long cell, int rateHz) {
    FeatureSpec spec = model.spec();
    long frontEndSample = cell * grid.cellFrames() * spec.frontEnd().hopSamples();
    return Math.floorDiv(frontEndSample * rateHz, (long) spec.frontEnd().rateHz());
  }
}
