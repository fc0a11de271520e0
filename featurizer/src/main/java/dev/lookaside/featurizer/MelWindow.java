package dev.lookaside.featurizer;

import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.Objects;

/**
 * A model's input: {@code windowFrames} log-mel frames of one stream, neither normalised nor
 * copied.
 *
 * @param stream whose audio it is
 * @param epoch capture time of the stream's sample 0
 * @param index {@code k} on the stream's window grid: frames {@code [k * hopFrames, k * hopFrames +
 *     windowFrames)}
 * @param validFrames frames that hold audio, 1 or more; the rows after them are zeros (AST's rule:
 *     padded before normalisation)
 * @param rows {@code [windowFrames][mels]}, natural logarithms; rows are shared by overlapping
 *     windows and never written again
 * @param rateHz native sample rate of the stream
 * @param span native samples on the stream's clock that the valid frames see (without the
 *     resampler's taps)
 * @param freshSamples samples of {@code span}, at its end, that no earlier window of this segment
 *     has: the window's share in the accounting of seconds, so that shares of overlapping windows
 *     add up
 * @param captureTime when {@code span.fromSample} was captured, by the clock of the chunk that
 *     holds it
 * @param capturedUntil when {@code span.untilSample} was captured, by the clock of the chunk that
 *     holds the sample before it
 * @param logTimeMillis when the broker appended the record with {@code span}'s last sample,
 *     milliseconds since 1970; {@link StreamTrack#NO_LOG_TIME} where no broker did
 * @param firstRecordOffset record that holds {@code span}'s first sample
 * @param lastRecordOffset record that holds {@code span}'s last sample
 * @param segmentStart true if no window of the segment comes before it
 */
@SuppressWarnings("ArrayRecordComponent") // Shared rows are the point; copies would double memory.
public record MelWindow(
    StreamId stream,
    Instant epoch,
    long index,
    int validFrames,
    float[][] rows,
    int rateHz,
    SampleSpan span,
    long freshSamples,
    Instant captureTime,
    Instant capturedUntil,
    long logTimeMillis,
    long firstRecordOffset,
    long lastRecordOffset,
    boolean segmentStart) {
  public MelWindow {
    Objects.requireNonNull(stream, "stream");
    Objects.requireNonNull(epoch, "epoch");
    Objects.requireNonNull(span, "span");
    Objects.requireNonNull(captureTime, "captureTime");
    Objects.requireNonNull(capturedUntil, "capturedUntil");
    check(index >= 0, "index", index, "must be 0 or more");
    check(rows.length > 0, "rows", rows.length, "must be 1 or more");
    check(
        validFrames >= 1 && validFrames <= rows.length,
        "validFrames",
        validFrames,
        "must be in 1.." + rows.length);
    check(rateHz > 0, "rateHz", rateHz, "must be above 0");
    check(
        freshSamples >= 0 && freshSamples <= span.lengthSamples(),
        "freshSamples",
        freshSamples,
        "must be in 0.." + span.lengthSamples());
    check(
        firstRecordOffset <= lastRecordOffset,
        "firstRecordOffset",
        firstRecordOffset,
        "must be at most lastRecordOffset " + lastRecordOffset);
  }

  /** Frames of the model's input, {@code rows.length}. */
  public int frames() {
    return rows.length;
  }

  /** Values per frame. */
  public int mels() {
    return rows[0].length;
  }

  private static void check(boolean holds, String field, long value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException("%s \"%d\": %s".formatted(field, value, rule));
    }
  }
}
