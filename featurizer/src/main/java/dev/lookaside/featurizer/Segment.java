package dev.lookaside.featurizer;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.ProgressBytes;
import java.time.Instant;

/**
 * A run of one stream's samples without a gap, and how far its windows have been handed out: all
 * that a {@link WindowSlicer} must know to go on in another process. Immutable; part of {@link
 * StreamTrack.State}.
 *
 * @param epoch capture time of the stream's sample 0
 * @param rateHz native rate
 * @param fromSample first sample of the segment on the stream's clock
 * @param before what lies before it
 * @param firstIndex index of its first window
 * @param nextIndex the window that comes next
 * @param coveredFrames end of the frames that some window had
 * @param coveredSamples end of the native samples that some window had
 * @param windowedSamples native samples that some window had
 * @param neededSample first sample of the oldest chunk that window {@code nextIndex} needs
 */
public record Segment(
    Instant epoch,
    int rateHz,
    long fromSample,
    Before before,
    long firstIndex,
    long nextIndex,
    long coveredFrames,
    long coveredSamples,
    long windowedSamples,
    long neededSample) {
  /** What lies before a segment. */
  public enum Before {
    /** The stream starts here: zeros. */
    SILENCE,
    /** Samples that were not received. */
    GAP,
    /** Unknown: the first chunk that was ever read is not the stream's first. */
    UNKNOWN
  }

  public Segment {
    if (before == Before.SILENCE && fromSample != 0) {
      throw new IllegalArgumentException(
          "fromSample \"%d\": must be 0 where the stream starts".formatted(fromSample));
    }
  }

  /** A segment before its first window. */
  static Segment begin(
      Instant epoch, int rateHz, long fromSample, Before before, FeatureSpec spec) {
    FrontEnd frontEnd = spec.frontEnd();
    long firstFrame = 0;
    if (before != Before.SILENCE) {
      long known = Resampler.of(rateHz, frontEnd.rateHz()).firstOutput(fromSample);
      firstFrame = ceil(known + frontEnd.leadSamples(), frontEnd.hopSamples());
    }
    long firstIndex = ceil(firstFrame, spec.hopFrames());
    long frame = firstIndex * spec.hopFrames();
    return new Segment(
        epoch,
        rateHz,
        fromSample,
        before,
        firstIndex,
        firstIndex,
        frame,
        fromSample,
        0,
        fromSample);
  }

  void write(ProgressBytes.Writer out) {
    out.instant(epoch).int32(rateHz).int64(fromSample).int8(before.ordinal());
    out.int64(firstIndex).int64(nextIndex).int64(coveredFrames).int64(coveredSamples);
    out.int64(windowedSamples).int64(neededSample);
  }

  static Segment read(ProgressBytes.Reader in) {
    Instant epoch = in.instant();
    int rateHz = in.int32();
    AudioFormat.checkRate(rateHz);
    long fromSample = in.int64();
    int before = in.int8();
    if (before < 0 || before >= Before.values().length) {
      throw in.bad("a segment begins after " + before + ", must be 0 to 2");
    }
    if (Before.values()[before] == Before.SILENCE && fromSample != 0) {
      throw in.bad("a stream starts at sample " + fromSample + ", must be 0");
    }
    Segment segment =
        new Segment(
            epoch,
            rateHz,
            fromSample,
            Before.values()[before],
            in.int64(),
            in.int64(),
            in.int64(),
            in.int64(),
            in.int64(),
            in.int64());
    if (fromSample < 0
        || segment.firstIndex() < 0
        || segment.nextIndex() < segment.firstIndex()
        || segment.neededSample() < fromSample) {
      throw in.bad("there is no such segment as " + segment);
    }
    return segment;
  }

  /** Samples of the segment, which ends before {@code untilSample}, that were in no window. */
  long uncoveredSamples(long untilSample) {
    return untilSample - fromSample - windowedSamples;
  }

  private static long ceil(long dividend, long divisor) {
    return -Math.floorDiv(-dividend, divisor);
  }
}
