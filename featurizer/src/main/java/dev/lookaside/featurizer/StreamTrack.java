package dev.lookaside.featurizer;

import dev.lookaside.featurizer.StreamFeaturizer.Cause;
import dev.lookaside.featurizer.StreamFeaturizer.Counted;
import dev.lookaside.featurizer.StreamFeaturizer.Ended;
import dev.lookaside.featurizer.StreamFeaturizer.Event;
import dev.lookaside.featurizer.StreamFeaturizer.Gap;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.ChunkSequencer;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.Pcm;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One stream from chunks to events. Pure: chunks in, events pulled out; a window is computed only
 * when it is asked for. Not thread-safe.
 */
public final class StreamTrack {
  private final StreamId stream;
  private final FeatureSpec spec;
  private final double gateDbfs;
  private final AudioDecoder decoder;
  private final ChunkSequencer sequencer = new ChunkSequencer();

  /** What the last chunk has left to tell, in order. */
  private final Deque<TrackStep> steps = new ArrayDeque<>();

  /** The open segment. */
  private @Nullable WindowSlicer slicer;

  /** The last chunk heard. */
  private @Nullable Heard last;

  /** The last record seen, heard or not. */
  private @Nullable Seen seen;

  /** Where and when the last chunk heard ended. */
  private record Heard(Assignment assignment, long recordOffset, Instant until) {}

  private record Seen(Assignment assignment, long recordOffset, int rateHz) {}

  /**
   * A track before its first chunk.
   *
   * @param gateDbfs windows below this level are skipped, as {@link
   *     FeaturizerSettings#silenceBelowDbfs} says
   */
  public StreamTrack(StreamId stream, FeatureSpec spec, double gateDbfs, AudioDecoder decoder) {
    this.stream = stream;
    this.spec = spec;
    this.gateDbfs = gateDbfs;
    this.decoder = decoder;
  }

  /**
   * Takes the next chunk. All events of the one before must have been pulled.
   *
   * @return why it goes to the dead letters, or null
   */
  public @Nullable Rejection accept(Assignment assignment, AudioChunk chunk) {
    AudioDecoder.Decoded decoded = decoder.decode(chunk.format(), chunk.payload());
    Rejection rejection = null;
    if (decoded instanceof AudioDecoder.Samples samples) {
      rejection = sequence(assignment, chunk, samples.pcm());
    } else if (decoded instanceof AudioDecoder.Rejected rejected) {
      sequencer.reject(chunk, AudioChunk.NOT_GIVEN);
      rejection = rejected.rejection();
    }
    see(assignment, chunk.recordOffset());
    if (rejection != null) {
      count(Counts.rejectedChunk());
    }
    return rejection;
  }

  /** Notes a record that the source refused. */
  public void refused(StreamFeaturizer.Refused refused) {
    sequencer.reject(refused.sequence(), refused.sampleOffset(), AudioChunk.NOT_GIVEN);
    see(refused.assignment(), refused.recordOffset());
    count(Counts.rejectedChunk());
  }

  /** The stream has fallen idle: it ends here, whatever the sender meant. */
  public void end() {
    endSegment();
    tellEnded(true);
  }

  /** True if events are left to pull. */
  public boolean busy() {
    return !steps.isEmpty();
  }

  /**
   * The next event of the stream.
   *
   * @param room true if a window may be handed out
   * @return null if there is none, or only a window for which there is no room
   */
  public @Nullable Event next(boolean room) {
    for (TrackStep step = steps.peek(); step != null; step = steps.peek()) {
      if (step.hasNext()) {
        return room || !step.needsRoom() ? step.next() : null;
      }
      steps.remove();
    }
    return null;
  }

  private @Nullable Rejection sequence(Assignment assignment, AudioChunk chunk, Pcm pcm) {
    ChunkSequencer.Verdict verdict = sequencer.next(chunk, pcm.lengthSamples(), pcm.rateHz());
    if (verdict instanceof ChunkSequencer.Accept accepted) {
      heard(assignment, chunk, pcm, accepted);
    } else if (verdict instanceof ChunkSequencer.Rejected rejected) {
      return rejected.rejection();
    } else {
      count(Counts.repeatedChunk());
    }
    return null;
  }

  private void heard(
      Assignment assignment, AudioChunk chunk, Pcm pcm, ChunkSequencer.Accept accepted) {
    if (accepted.newEpoch() && slicer != null) {
      endSegment();
      tellEnded(false);
    } else if (accepted.gapSamples() + accepted.rejectedSamples() > 0) {
      endSegment();
    }
    seen = new Seen(assignment, chunk.recordOffset(), pcm.rateHz());
    tellMissing(assignment, chunk, pcm.rateHz(), accepted);
    count(
        Counts.received(pcm.lengthSamples())
            .plus(Counts.gap(accepted.gapSamples()))
            .plus(Counts.rejected(accepted.rejectedSamples())));
    WindowSlicer open = slicer == null ? begin(pcm.rateHz(), accepted) : slicer;
    open.append(
        new Piece(
            accepted.span(), pcm.samples(), chunk.captureTime(), assignment, chunk.recordOffset()));
    steps.add(new TrackStep.Slice(open));
    slicer = open;
    Instant until = AudioChunk.timeOf(chunk.captureTime(), pcm.lengthSamples(), pcm.rateHz());
    last = new Heard(assignment, chunk.recordOffset(), until);
    if (chunk.last()) {
      endSegment();
      tellEnded(false);
    }
  }

  private WindowSlicer begin(int rateHz, ChunkSequencer.Accept accepted) {
    SegmentStart.Before before = SegmentStart.Before.GAP;
    if (accepted.newEpoch()) {
      before = accepted.joined() ? SegmentStart.Before.UNKNOWN : SegmentStart.Before.SILENCE;
    }
    long recordBefore = last == null ? AudioChunk.NOT_GIVEN : last.recordOffset();
    SegmentStart start =
        new SegmentStart(
            stream, accepted.epoch(), rateHz, accepted.span().fromSample(), before, recordBefore);
    return new WindowSlicer(start, spec, gateDbfs);
  }

  private void endSegment() {
    if (slicer != null && last != null) {
      slicer.finish();
      steps.add(new TrackStep.Slice(slicer));
      steps.add(new TrackStep.Close(slicer, last.assignment(), last.recordOffset()));
      slicer = null;
    }
  }

  private void tellEnded(boolean stopping) {
    if (seen != null) {
      tell(new Ended(stream, seen.assignment(), seen.recordOffset(), stopping));
    }
  }

  /** Tells the hole right before a chunk; of its two parts the rejected one is told first. */
  private void tellMissing(
      Assignment assignment, AudioChunk chunk, int rateHz, ChunkSequencer.Accept accepted) {
    long rejected = accepted.rejectedSamples();
    long gap = accepted.gapSamples();
    if (rejected + gap == 0) {
      return;
    }
    long until = accepted.span().fromSample();
    long middle = until - gap;
    Instant end = chunk.captureTime();
    Instant start =
        accepted.newEpoch() || last == null
            ? AudioChunk.epoch(end, rejected + gap, rateHz)
            : earlier(last.until(), end);
    Instant between = earlier(AudioChunk.timeOf(start, rejected, rateHz), end);
    if (rejected > 0) {
      SampleSpan span = new SampleSpan(middle - rejected, middle);
      tellGap(assignment, chunk, rateHz, accepted, span, start, between, Cause.REJECTED);
    }
    if (gap > 0) {
      SampleSpan span = new SampleSpan(middle, until);
      tellGap(assignment, chunk, rateHz, accepted, span, between, end, Cause.GAP);
    }
  }

  private void tellGap(
      Assignment assignment,
      AudioChunk chunk,
      int rateHz,
      ChunkSequencer.Accept accepted,
      SampleSpan span,
      Instant from,
      Instant until,
      Cause cause) {
    tell(
        new Gap(
            stream,
            accepted.epoch(),
            span,
            rateHz,
            from,
            until,
            cause,
            assignment,
            chunk.recordOffset()));
  }

  private void see(Assignment assignment, long recordOffset) {
    seen = new Seen(assignment, recordOffset, seen == null ? 0 : seen.rateHz());
  }

  private void count(Counts delta) {
    tell(new Counted(stream, seen == null ? 0 : seen.rateHz(), delta));
  }

  private void tell(Event event) {
    steps.add(new TrackStep.Tell(event));
  }

  /** A sender may have set its clock back. */
  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }
}
