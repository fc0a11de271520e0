package dev.lookaside.classifier.detect;

import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.SampleSpan;
import java.time.Instant;

/** What is kept of a window once its rows are gone. Fields as in {@link MelWindow}. */
public record WindowMark(
    long index,
    int validFrames,
    int rateHz,
    SampleSpan span,
    long freshSamples,
    Instant captureTime,
    Instant capturedUntil,
    Assignment assignment,
    long firstRecordOffset,
    long lastRecordOffset,
    long resumeOffset) {
  private static final long NANOS = 1_000_000_000L;

  /** Of a window. */
  public static WindowMark of(MelWindow w) {
    return new WindowMark(
        w.index(),
        w.validFrames(),
        w.rateHz(),
        w.span(),
        w.freshSamples(),
        w.captureTime(),
        w.capturedUntil(),
        w.assignment(),
        w.firstRecordOffset(),
        w.lastRecordOffset(),
        w.resumeOffset());
  }

  /** Capture time of {@code sample} by this window's clock, rounded down to nanoseconds. */
  Instant timeOf(long sample) {
    return captureTime.plusNanos(Math.floorDiv((sample - span.fromSample()) * NANOS, rateHz));
  }

  /** First sample that no earlier window of the segment has. */
  long freshFrom() {
    return span.untilSample() - freshSamples;
  }
}
