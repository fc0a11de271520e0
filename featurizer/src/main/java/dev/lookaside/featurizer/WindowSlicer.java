package dev.lookaside.featurizer;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.ChunkSequencer;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts one segment, a run of a stream's samples without a gap, into mel windows. Pure: samples in,
 * windows out. Not thread-safe. Holds at most one window of frames, the samples of one piece and
 * the places of the chunks that the next window needs.
 *
 * <p>Only frames exist whose whole support lies in known samples: zeros before the stream's start,
 * the segment's own samples, and zeros after its end once it has ended. Windows begin at the first
 * grid point whose frames exist. If frames remain at the end that no complete window covers, the
 * next window is padded with zero rows. Where processing began inside a segment, that last window
 * is made only if processing from the segment's beginning would have made it, too: a run that joins
 * in the middle makes no window of its own.
 */
final class WindowSlicer {
  private final StreamId stream;
  private final Segment segment;
  private final FeatureSpec spec;
  private final double gateDbfs;
  private final LogMel logMel;
  private final Resampler resampler;
  private final SampleRun run;
  private final Deque<Piece> pieces = new ArrayDeque<>();

  /** Frame {@code i} at {@code i % windowFrames}. */
  private final float[][] frames;

  private final boolean[] quiet;

  private long segmentUntil;
  private long index;
  private long nextFrame;
  private long framesEnd;
  private long coveredFrames;
  private long coveredSamples;
  private long windowedSamples;
  private boolean finished;
  private boolean exhausted;
  private boolean lastWasQuiet;

  /**
   * The place of one chunk's samples.
   *
   * @param span where they lie on the stream's clock, native rate
   * @param captureTime when the first one was captured
   * @param logTimeMillis when the broker appended the record
   * @param sequencer what the stream's sequencer knew before the chunk
   */
  record Piece(
      SampleSpan span,
      Instant captureTime,
      long logTimeMillis,
      long recordOffset,
      ChunkSequencer.State sequencer) {
    /** When {@code sample} was captured, by this chunk's clock. */
    Instant timeOf(long sample, int rateHz) {
      return AudioChunk.timeOf(captureTime, sample - span.fromSample(), rateHz);
    }
  }

  /**
   * A slicer that goes on with window {@code segment.nextIndex()}: the next samples it takes begin
   * at {@code segment.neededSample()}.
   *
   * @param gateDbfs a window is quiet if all its frames are below this level; {@code -Infinity}:
   *     none is
   */
  WindowSlicer(StreamId stream, Segment segment, FeatureSpec spec, double gateDbfs) {
    this.stream = stream;
    this.segment = segment;
    this.spec = spec;
    this.gateDbfs = gateDbfs;
    FrontEnd frontEnd = spec.frontEnd();
    logMel = LogMel.of(frontEnd);
    resampler = Resampler.of(segment.rateHz(), frontEnd.rateHz());
    frames = new float[spec.windowFrames()][];
    quiet = new boolean[spec.windowFrames()];
    segmentUntil = segment.neededSample();
    index = segment.nextIndex();
    nextFrame = index * spec.hopFrames();
    coveredFrames = segment.coveredFrames();
    coveredSamples = segment.coveredSamples();
    windowedSamples = segment.windowedSamples();
    long from = frontEnd.fromSample(nextFrame);
    run =
        from < 0
            ? new SampleRun(resampler, 0, 0, Math.toIntExact(-from))
            : new SampleRun(resampler, segmentUntil, from, 0);
  }

  /**
   * Takes the next samples of the segment.
   *
   * @param samples mono, {@code piece.span().lengthSamples()} of them; not written, not kept
   */
  void append(Piece piece, float[] samples) {
    if (samples.length != piece.span().lengthSamples()) {
      throw new IllegalArgumentException(
          "samples \"%d\": span %s holds %d"
              .formatted(samples.length, piece.span(), piece.span().lengthSamples()));
    }
    if (finished || piece.span().fromSample() != segmentUntil) {
      throw new IllegalArgumentException(
          "span %s: the segment %s at %d"
              .formatted(piece.span(), finished ? "has ended" : "goes on", segmentUntil));
    }
    pieces.addLast(piece);
    segmentUntil = piece.span().untilSample();
    run.append(samples);
  }

  /** No more samples follow: what is left becomes windows with zeros after the end. */
  void finish() {
    FrontEnd frontEnd = spec.frontEnd();
    long samples = resampler.outputCount(segmentUntil);
    run.finish(samples);
    framesEnd = frontEnd.frameCount(samples);
    run.padUntil(frontEnd.untilSample(framesEnd - 1));
    finished = true;
  }

  /** True if {@link #next()} has a window. Computes its frames. */
  boolean hasNext() {
    if (exhausted) {
      return false;
    }
    long end = index * spec.hopFrames() + spec.windowFrames();
    long available = Math.min(end, knownFrames());
    while (nextFrame < available) {
      compute(nextFrame++);
    }
    if (nextFrame == end || finished && lastIsPadded()) {
      return true;
    }
    exhausted = finished;
    run.dropUntil(spec.frontEnd().fromSample(nextFrame));
    return false;
  }

  /** The next window. */
  MelWindow next() {
    if (!hasNext()) {
      throw new IllegalStateException("window %d is not there yet".formatted(index));
    }
    long firstFrame = index * spec.hopFrames();
    int valid = (int) (nextFrame - firstFrame);
    SampleSpan span = span(firstFrame, valid);
    long fresh = span.untilSample() - Math.max(span.fromSample(), coveredSamples);
    Piece from = holding(pieces.iterator(), span.fromSample());
    Piece last = holding(pieces.descendingIterator(), span.untilSample() - 1);
    MelWindow window =
        new MelWindow(
            stream,
            segment.epoch(),
            index,
            valid,
            rows(firstFrame, valid),
            segment.rateHz(),
            span,
            fresh,
            from.timeOf(span.fromSample(), segment.rateHz()),
            last.timeOf(span.untilSample(), segment.rateHz()),
            last.logTimeMillis(),
            from.recordOffset(),
            last.recordOffset(),
            index == segment.firstIndex());
    coveredFrames = nextFrame;
    coveredSamples = span.untilSample();
    windowedSamples += fresh;
    exhausted = valid < spec.windowFrames();
    index++;
    long needed = supportFrom(index * spec.hopFrames());
    while (!pieces.isEmpty() && pieces.getFirst().span().untilSample() <= needed) {
      pieces.removeFirst();
    }
    return window;
  }

  private static Piece holding(Iterator<Piece> candidates, long sample) {
    while (candidates.hasNext()) {
      Piece piece = candidates.next();
      if (piece.span().contains(sample)) {
        return piece;
      }
    }
    throw new IllegalStateException("sample %d: no piece holds it".formatted(sample));
  }

  /** True if all frames of the window last returned were below the silence gate. */
  boolean lastWasQuiet() {
    return lastWasQuiet;
  }

  /** How far the segment's windows have been handed out. */
  Segment segment() {
    return new Segment(
        segment.epoch(),
        segment.rateHz(),
        segment.fromSample(),
        segment.before(),
        segment.firstIndex(),
        index,
        coveredFrames,
        coveredSamples,
        windowedSamples,
        pieces.isEmpty() ? segmentUntil : pieces.getFirst().span().fromSample());
  }

  /** The oldest piece that the next window needs, null if none has come yet. */
  @Nullable Piece oldestNeeded() {
    return pieces.peekFirst();
  }

  /** End of the samples appended so far. */
  long untilSample() {
    return segmentUntil;
  }

  /** Samples held now, at both rates; a few hundred when no window is left to take. */
  int heldSamples() {
    return run.heldSamples();
  }

  private long knownFrames() {
    FrontEnd f = spec.frontEnd();
    return finished
        ? framesEnd
        : Math.floorDiv(run.until() + f.leadSamples() - f.frameSamples(), f.hopSamples()) + 1L;
  }

  private boolean lastIsPadded() {
    if (framesEnd <= coveredFrames) {
      return false;
    }
    if (segment.before() != Segment.Before.UNKNOWN || index > segment.firstIndex()) {
      return true;
    }
    // From the segment's beginning there is every complete window, and one more only if these
    // leave frames over.
    long beyondFirstWindow = nextFrame - spec.windowFrames();
    return Math.floorMod(beyondFirstWindow, spec.hopFrames()) != 0
        && Math.floorDiv(beyondFirstWindow, spec.hopFrames()) + 1L == index;
  }

  private void compute(long frame) {
    FrontEnd frontEnd = spec.frontEnd();
    float[] row = new float[frontEnd.mels()];
    int from = run.indexOf(frontEnd.fromSample(frame));
    logMel.frame(run.samples(), from, row, 0);
    int slot = slot(frame);
    frames[slot] = row;
    quiet[slot] =
        gateDbfs > Double.NEGATIVE_INFINITY
            && FrameSpectrum.levelDbfs(run.samples(), from, frontEnd.frameSamples()) < gateDbfs;
  }

  private float[][] rows(long firstFrame, int valid) {
    float[][] rows = new float[spec.windowFrames()][];
    lastWasQuiet = true;
    for (int i = 0; i < valid; i++) {
      int slot = slot(firstFrame + i);
      rows[i] = frames[slot];
      lastWasQuiet &= quiet[slot];
    }
    if (valid < rows.length) {
      float[] zeros = new float[spec.frontEnd().mels()];
      for (int i = valid; i < rows.length; i++) {
        rows[i] = zeros;
      }
    }
    return rows;
  }

  private int slot(long frame) {
    return (int) (frame % spec.windowFrames());
  }

  private SampleSpan span(long firstFrame, int valid) {
    FrontEnd f = spec.frontEnd();
    long from = resampler.toInputFloor(Math.max(0, f.fromSample(firstFrame)));
    long until = resampler.toInputCeil(f.untilSample(firstFrame + valid - 1));
    return new SampleSpan(Math.max(segment.fromSample(), from), Math.min(segmentUntil, until));
  }

  /** First native sample that the frame's value depends on. */
  private long supportFrom(long frame) {
    long n = Math.max(0, spec.frontEnd().fromSample(frame));
    return Math.max(segment.fromSample(), resampler.fromInput(n));
  }
}
