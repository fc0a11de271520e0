package dev.lookaside.classifier.detect;

import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.SampleSpan;
import java.time.Instant;

/** What remains of a window once its rows are gone. Fields as in {@link MelWindow}. */
public record WindowMark(
    long index,
    int validFrames,
    int rateHz,
    SampleSpan span,
    long freshSamples,
    Instant captureTime,
    Instant capturedUntil,
    long firstRecordOffset,
    long lastRecordOffset) {
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
        w.firstRecordOffset(),
        w.lastRecordOffset());
  }

  /** Capture time of {@code sample} by this window's clock, rounded down to nanoseconds. */
  Instant timeOf(long sample) {
    return captureTime.plusNanos(Math.floorDiv((sample - span.fromSample()) * NANOS, rateHz));
  }

  /** First sample that no earlier window of the segment has. */
  long freshFrom() {
    return span.untilSample() - freshSamples;
  }

  void write(ProgressBytes.Writer out) {
    out.int64(index).int32(validFrames).int32(rateHz).int64(span.fromSample());
    out.int64(span.untilSample()).int64(freshSamples).instant(captureTime).instant(capturedUntil);
    out.int64(firstRecordOffset).int64(lastRecordOffset);
  }

  static WindowMark read(ProgressBytes.Reader in) {
    long index = in.int64();
    int validFrames = in.int32();
    int rateHz = in.int32();
    long fromSample = in.int64();
    long untilSample = in.int64();
    if (index < 0 || rateHz < 1 || fromSample < 0 || untilSample < fromSample) {
      throw in.bad(
          "window %d of samples %d to %d at %d Hz is none"
              .formatted(index, fromSample, untilSample, rateHz));
    }
    return new WindowMark(
        index,
        validFrames,
        rateHz,
        new SampleSpan(fromSample, untilSample),
        in.int64(),
        in.instant(),
        in.instant(),
        in.int64(),
        in.int64());
  }
}
