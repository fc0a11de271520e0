package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.SegmentDecoder.Beginning;
import dev.lookaside.classifier.detect.SegmentDecoder.TimedEvent;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Segments, gaps and shed windows of one stream, in order, to detections. Pure. {@link #write} and
 * {@link #read} carry its state to another process, which then gives the same detections.
 *
 * <p>Where the adapter changes between two windows, the curve of the old one ends where the first
 * window of the new one begins, and what is open then ends there; the new one's curve begins there
 * as at the start of a stream. No earlier cell is covered by a window of the new adapter and no
 * event mixes two, so the detections are a function of the windows and their adapters alone.
 */
final class StreamDecoder {
  /** Windows after which a run of shed ones is reported though it goes on. */
  private static final int SHED_RUN_WINDOWS = 64;

  /** Shed windows in a row, not yet reported. */
  private record ShedRun(WindowMark first, WindowMark last, int windows, String reason) {}

  private final DetectSettings settings;
  private final DetectionBuilder builder;
  private DetectorModel model;

  /** Of {@link #model}; null while that is the configured one and nothing was scored. */
  private @Nullable AdapterFacts facts;

  private @Nullable SegmentDecoder segment;
  private @Nullable ShedRun shedRun;
  private Instant epoch = Instant.EPOCH;
  private Instant capturedUntil = Instant.EPOCH;

  /** False until this life of the stream is known from its beginning or from a gap in it. */
  private boolean knownBefore;

  StreamDecoder(StreamId stream, int partition, DetectorModel model, DetectSettings settings) {
    this.model = model;
    this.settings = settings;
    this.builder = new DetectionBuilder(stream, partition, model);
  }

  /** Capture time of the newest audio that was decoded. */
  Instant capturedUntil() {
    return capturedUntil;
  }

  /**
   * The next window: opens its segment if it is the first.
   *
   * @param adapter in force for it; null if that is not known, for a shed one
   */
  void begin(
      WindowMark mark,
      Instant itsEpoch,
      boolean segmentStart,
      @Nullable AdapterFacts adapter,
      List<Detection> found) {
    DetectorModel its = adapter == null ? model : model.with(adapter, settings);
    SegmentDecoder open = segment;
    if (segmentStart || open == null) {
      finishSegment(found);
      model = its;
      boolean joined = !knownBefore && mark.index() > 0;
      segment = new SegmentDecoder(model, Beginning.of(joined), null);
      epoch = itsEpoch;
      knownBefore = true;
    } else if (its != model) {
      flushShed(found);
      add(open.finishBefore(mark.index()), found);
      model = its;
      segment = new SegmentDecoder(model, new Beginning(false, open.nextFrame()), null);
    }
    facts = adapter == null ? facts : adapter;
    capturedUntil = mark.capturedUntil();
  }

  void scored(WindowMark mark, float[] posteriors, List<Detection> found) {
    flushShed(found);
    add(current().scored(mark, posteriors), found);
  }

  void skipped(WindowMark mark, List<Detection> found) {
    flushShed(found);
    add(current().skipped(mark), found);
  }

  void shed(WindowMark mark, String reason, List<Detection> found) {
    ShedRun run = shedRun;
    shedRun =
        run == null
            ? new ShedRun(mark, mark, 1, reason)
            : new ShedRun(run.first(), mark, run.windows() + 1, run.reason());
    if (shedRun.windows() >= SHED_RUN_WINDOWS) {
      flushShed(found);
    }
    add(current().shed(mark), found);
  }

  /** {@code adapter} as for {@link #begin}, in force where the gap begins. */
  void gap(StreamTrack.Gap gap, @Nullable AdapterFacts adapter, List<Detection> found) {
    finishSegment(found);
    found.add(builder.gap(gap, adapter == null ? model.adapterDigest() : adapter.digest()));
    epoch = gap.epoch();
    capturedUntil = gap.until();
    knownBefore = true;
  }

  void segmentEnded(List<Detection> found) {
    finishSegment(found);
  }

  void streamEnded(List<Detection> found) {
    finishSegment(found);
    knownBefore = false;
  }

  private SegmentDecoder current() {
    return Objects.requireNonNull(segment, "no segment is open");
  }

  private void finishSegment(List<Detection> found) {
    flushShed(found);
    SegmentDecoder open = segment;
    if (open != null) {
      add(open.finish(), found);
    }
    segment = null;
  }

  private void flushShed(List<Detection> found) {
    ShedRun run = shedRun;
    if (run != null) {
      found.add(builder.shed(run.first(), run.last(), epoch, run.reason(), model.adapterDigest()));
      shedRun = null;
    }
  }

  private void add(List<TimedEvent> events, List<Detection> found) {
    for (TimedEvent e : events) {
      found.add(builder.event(e, epoch, model));
    }
  }

  void write(ProgressBytes.Writer out) {
    out.instant(epoch).instant(capturedUntil).bool(knownBefore).bool(facts != null);
    if (facts != null) {
      facts.write(out);
    }
    out.bool(segment != null);
    if (segment != null) {
      segment.write(out);
    }
    ShedRun run = shedRun;
    out.bool(run != null);
    if (run != null) {
      run.first().write(out);
      run.last().write(out);
      out.int32(run.windows()).text(run.reason());
    }
  }

  /**
   * Goes on where another decoder of the same front end, window and hop was.
   *
   * @throws dev.lookaside.ingest.IngestException if that is not what the bytes hold
   */
  void read(ProgressBytes.Reader in) {
    epoch = in.instant();
    capturedUntil = in.instant();
    knownBefore = in.bool();
    if (in.bool()) {
      AdapterFacts its = AdapterFacts.read(in);
      facts = its;
      model = model.with(its, settings);
    }
    if (in.bool()) {
      segment = SegmentDecoder.read(in, model);
    }
    if (in.bool()) {
      shedRun = new ShedRun(WindowMark.read(in), WindowMark.read(in), in.int32(), in.text());
    }
  }
}
