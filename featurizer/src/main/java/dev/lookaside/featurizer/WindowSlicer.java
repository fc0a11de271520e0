package dev.lookaside.featurizer;

import dev.lookaside.ingest.SampleSpan;

/**
 * Cuts one segment, a run of a stream's samples without a gap, into mel windows. Pure: samples in,
 * windows out. Not thread-safe. Holds at most one window of frames, the samples of one piece and
 * the places of the pieces that the next window needs.
 *
 * <p>Only frames exist whose whole support lies in known samples: zeros before the stream's start,
 * the segment's own samples, and zeros after its end once it has ended. Windows begin at the first
 * grid point whose frames exist. If frames remain at the end that no complete window covers, the
 * next window is padded with zero rows. Where processing began inside a segment, that last window
 * is made only if it would also be there had the segment been heard from far before: a run that
 * joins in the middle makes no window of its own.
 */
final class WindowSlicer {
  private final SegmentStart start;
  private final FeatureSpec spec;
  private final double gateDbfs;
  private final LogMel logMel;
  private final Resampler resampler;
  private final SampleRun run;
  private final PiecePlaces places = new PiecePlaces();
  private final long firstIndex;

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
   * @param gateDbfs a window is quiet if all its frames are below this level; {@code -Infinity}:
   *     none is
   */
  WindowSlicer(SegmentStart start, FeatureSpec spec, double gateDbfs) {
    this.start = start;
    this.spec = spec;
    this.gateDbfs = gateDbfs;
    FrontEnd frontEnd = spec.frontEnd();
    logMel = LogMel.of(frontEnd);
    resampler = Resampler.of(start.rateHz(), frontEnd.rateHz());
    frames = new float[spec.windowFrames()][];
    quiet = new boolean[spec.windowFrames()];
    segmentUntil = start.fromSample();
    boolean afterSilence = start.before() == SegmentStart.Before.SILENCE;
    long firstFrame = 0;
    if (!afterSilence) {
      long known = resampler.firstOutput(start.fromSample());
      firstFrame = ceil(known + frontEnd.leadSamples(), frontEnd.hopSamples());
    }
    firstIndex = ceil(firstFrame, spec.hopFrames());
    index = firstIndex;
    nextFrame = firstIndex * spec.hopFrames();
    coveredFrames = nextFrame;
    coveredSamples = start.fromSample();
    run =
        afterSilence
            ? new SampleRun(resampler, 0, 0, frontEnd.leadSamples())
            : new SampleRun(resampler, start.fromSample(), frontEnd.fromSample(nextFrame), 0);
  }

  /** Takes the next samples of the segment. */
  void append(Piece piece) {
    if (finished || piece.span().fromSample() != segmentUntil) {
      throw new IllegalArgumentException(
          "span %s: the segment %s at %d"
              .formatted(piece.span(), finished ? "has ended" : "goes on", segmentUntil));
    }
    places.add(piece);
    segmentUntil = piece.span().untilSample();
    run.append(piece.samples());
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
    boolean first = index == firstIndex;
    long needed = places.fromOldest(supportFrom(firstFrame)).recordOffset();
    boolean showGap = first && start.before() == SegmentStart.Before.GAP;
    PiecePlaces.Place from = places.fromOldest(span.fromSample());
    PiecePlaces.Place last = places.fromNewest(span.untilSample() - 1);
    MelWindow window =
        new MelWindow(
            start.stream(),
            start.epoch(),
            index,
            valid,
            rows(firstFrame, valid),
            start.rateHz(),
            span,
            fresh,
            from.timeOf(span.fromSample(), start.rateHz()),
            last.timeOf(span.untilSample(), start.rateHz()),
            last.assignment(),
            from.recordOffset(),
            last.recordOffset(),
            showGap ? Math.min(needed, start.recordBeforeOffset()) : needed,
            first);
    coveredFrames = nextFrame;
    coveredSamples = span.untilSample();
    windowedSamples += fresh;
    exhausted = valid < spec.windowFrames();
    index++;
    places.dropUntil(supportFrom(index * spec.hopFrames()));
    return window;
  }

  /** True if all frames of the window last returned were below the silence gate. */
  boolean lastWasQuiet() {
    return lastWasQuiet;
  }

  /** What was appended so far, native samples on the stream's clock. */
  SampleSpan segment() {
    return new SampleSpan(start.fromSample(), segmentUntil);
  }

  /** Where the segment began. */
  SegmentStart start() {
    return start;
  }

  /** Samples held now, at both rates; a few hundred when no window is left to take. */
  int heldSamples() {
    return run.heldSamples();
  }

  /** Samples of the segment in no window so far. */
  long unheardSamples() {
    return segment().lengthSamples() - windowedSamples;
  }

  private long knownFrames() {
    FrontEnd f = spec.frontEnd();
    return finished
        ? framesEnd
        : Math.floorDiv(run.until() + f.leadSamples() - f.frameSamples(), f.hopSamples()) + 1L;
  }

  private boolean lastIsPadded() {
    if (nextFrame <= coveredFrames) {
      return false;
    }
    if (start.before() != SegmentStart.Before.UNKNOWN || index > firstIndex) {
      return true;
    }
    // Whoever heard the segment from far before has made every complete window, and then one more
    // only if these leave frames over.
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
    return new SampleSpan(Math.max(start.fromSample(), from), Math.min(segmentUntil, until));
  }

  /** First native sample that the frame's value depends on. */
  private long supportFrom(long frame) {
    long n = Math.max(0, spec.frontEnd().fromSample(frame));
    return Math.max(start.fromSample(), resampler.fromInput(n));
  }

  private static long ceil(long dividend, long divisor) {
    return -Math.floorDiv(-dividend, divisor);
  }
}
