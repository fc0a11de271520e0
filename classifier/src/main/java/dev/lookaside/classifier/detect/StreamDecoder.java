package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.SegmentDecoder.Beginning;
import dev.lookaside.classifier.detect.SegmentDecoder.TimedEvent;
import dev.lookaside.classifier.detect.SettleLedger.Resume;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Segments, gaps and shed windows of one stream, in order, to detections; and from which record a
 * replay would give the same ones again. Pure.
 *
 * <p>Where the adapter changes between two windows, the curve of the old one ends where the first
 * window of the new one begins, and what is open then ends there; the new one's curve begins there
 * as at the start of a stream. No earlier cell is covered by a window of the new adapter and no
 * event mixes two, so the detections are a function of the windows and their adapters alone.
 */
final class StreamDecoder {
  /** Windows after which a run of shed ones is reported though it goes on. */
  private static final int SHED_RUN_WINDOWS = 64;

  private static final long NO_RECORD = -1;

  /** Shed windows in a row, not yet reported. */
  private record ShedRun(WindowMark first, WindowMark last, int windows, String reason) {}

  private final DetectSettings settings;
  private final DetectionBuilder builder;
  private @Nullable SegmentDecoder segment;
  private @Nullable WindowMark firstMark;
  private @Nullable WindowMark lastMark;
  private @Nullable ShedRun shedRun;
  private Instant epoch = Instant.EPOCH;
  private Instant capturedUntil = Instant.EPOCH;
  private DetectorModel model;

  /** False until this life of the stream is known from its beginning or from a gap in it. */
  private boolean heardBefore;

  private long lastRecord = NO_RECORD;
  private @Nullable Resume resume;

  StreamDecoder(StreamId stream, DetectorModel model, DetectSettings settings) {
    this.model = model;
    this.settings = settings;
    this.builder = new DetectionBuilder(stream, model);
  }

  /** Capture time of the newest audio that was decoded. */
  Instant capturedUntil() {
    return capturedUntil;
  }

  /** Where a replay would have to begin now; empty before anything came. */
  Optional<Resume> resume() {
    return Optional.ofNullable(resume);
  }

  /**
   * The next window of the line: opens its segment if it is the first.
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
      boolean joined = !heardBefore && mark.index() > 0;
      open(mark, Beginning.of(joined));
      epoch = itsEpoch;
      heardBefore = true;
    } else if (its != model) {
      change(open, mark, its, found);
    }
    lastMark = mark;
    capturedUntil = mark.capturedUntil();
  }

  private void open(WindowMark mark, Beginning beginning) {
    segment = new SegmentDecoder(model, beginning, settings.maxReplay(), null);
    firstMark = mark;
  }

  private void change(
      SegmentDecoder old, WindowMark first, DetectorModel next, List<Detection> found) {
    flushShed(found);
    WindowMark before = Objects.requireNonNull(lastMark, "lastMark");
    WindowMark start = Objects.requireNonNull(firstMark, "firstMark");
    add(old.finishBefore(first.index()), before.assignment(), found);
    // A replay must come upon the change again: it begins in what is before it.
    WindowMark at = old.resumeMark();
    if (at != null) {
      resume = new Resume(at.assignment(), at.resumeOffset());
    } else if (resume == null) {
      resume = new Resume(start.assignment(), start.resumeOffset());
    }
    model = next;
    open(first, new Beginning(false, old.nextFrame(), before.resumeOffset()));
  }

  void scored(WindowMark mark, float[] posteriors, List<Detection> found) {
    flushShed(found);
    add(current().scored(mark, posteriors), mark.assignment(), found);
    moved(mark);
  }

  void skipped(WindowMark mark, List<Detection> found) {
    flushShed(found);
    add(current().skipped(mark), mark.assignment(), found);
    moved(mark);
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
    add(current().shed(mark), mark.assignment(), found);
    moved(mark);
  }

  /** {@code adapter} as for {@link #begin}, in force where the gap begins. */
  void gap(StreamFeaturizer.Gap gap, @Nullable AdapterFacts adapter, List<Detection> found) {
    finishSegment(found);
    found.add(builder.gap(gap, adapter == null ? model.adapterDigest() : adapter.digest()));
    epoch = gap.epoch();
    capturedUntil = gap.until();
    heardBefore = true;
    // A replay must come upon the gap again: what is before it holds on.
    if (resume == null) {
      resume = new Resume(gap.assignment(), gap.recordOffset());
    }
    lastRecord = Math.max(lastRecord, gap.recordOffset());
  }

  void segmentEnded(StreamFeaturizer.SegmentEnded ended, List<Detection> found) {
    if (segment == null) {
      resume = new Resume(ended.assignment(), ended.lastRecordOffset());
    }
    finishSegment(found);
    lastRecord = Math.max(lastRecord, ended.lastRecordOffset());
  }

  void ended(StreamFeaturizer.Ended ended, List<Detection> found) {
    finishSegment(found);
    lastRecord = ended.lastRecordOffset();
    resume = new Resume(ended.assignment(), lastRecord + 1);
    heardBefore = false;
  }

  private SegmentDecoder current() {
    if (segment == null) {
      throw new IllegalStateException("no segment is open");
    }
    return segment;
  }

  private void finishSegment(List<Detection> found) {
    flushShed(found);
    SegmentDecoder open = segment;
    WindowMark mark = firstMark;
    if (open != null && mark != null) {
      add(open.finish(), mark.assignment(), found);
      WindowMark at = open.resumeMark();
      if (at != null) {
        resume = new Resume(at.assignment(), at.resumeOffset());
      }
    }
    segment = null;
    firstMark = null;
    lastMark = null;
  }

  private void flushShed(List<Detection> found) {
    ShedRun run = shedRun;
    if (run != null) {
      found.add(builder.shed(run.first(), run.last(), epoch, run.reason(), model.adapterDigest()));
      shedRun = null;
    }
  }

  private void add(List<TimedEvent> events, Assignment assignment, List<Detection> found) {
    for (TimedEvent e : events) {
      found.add(builder.event(e, epoch, model, assignment.partition()));
    }
  }

  /** After a window: the segment's resume point, but never past a shed run not yet reported. */
  private void moved(WindowMark mark) {
    lastRecord = Math.max(lastRecord, mark.lastRecordOffset());
    WindowMark at = current().resumeMark();
    ShedRun run = shedRun;
    long offset;
    if (at != null) {
      offset = at.resumeOffset();
    } else if (resume != null) {
      // Still where the segment began: what was settled before it holds.
      offset = resume.resumeOffset();
    } else {
      offset = firstMark == null ? mark.resumeOffset() : firstMark.resumeOffset();
    }
    if (run != null) {
      offset = Math.min(offset, run.first().resumeOffset());
    }
    resume = new Resume(mark.assignment(), offset);
  }
}
