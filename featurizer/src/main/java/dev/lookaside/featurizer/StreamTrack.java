package dev.lookaside.featurizer;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.ChunkSequencer;
import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.Pcm;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One stream from records to mel windows. Pure: records in, events pulled out; a window is computed
 * only when it is asked for. Not thread-safe.
 *
 * <p>Every event carries the {@link State} that the track is in once the event has been taken. A
 * track made from that state and given the stream's records from {@link State#resumeOffset()} on
 * gives the very events that followed: the records up to {@link State#throughOffset()} are read
 * again for their samples alone.
 */
public final class StreamTrack {
  /** Stands for an append time that no broker gave. */
  public static final long NO_LOG_TIME = Long.MAX_VALUE;

  /** Makes the track of a stream. */
  public interface Factory {
    /**
     * @param state where it goes on
     */
    StreamTrack create(StreamId stream, State state);
  }

  /** Why samples are missing. */
  public enum Cause {
    /** Never received. */
    GAP,
    /** Received, and sent to the dead letters. */
    REJECTED
  }

  /** What a stream turned out to hold, in order. */
  public sealed interface Event {
    /** The track's state once this event has been taken. */
    State after();
  }

  /**
   * A window.
   *
   * @param silent below the silence gate's level: complete, but not to be scored
   */
  public record Window(MelWindow window, boolean silent, State after) implements Event {}

  /**
   * What one record, or the stream's end, changes besides windows. Its parts take effect in the
   * order of the components.
   *
   * @param segmentEnded the run of samples before it is over and all its windows were given
   * @param streamEnded the stream is over (last chunk, new start, or idle)
   * @param gaps samples that will not be scored; the segment before them has ended
   * @param rateHz native rate of {@code counts}; 0 before the first chunk
   * @param counts to be added to the stream's accounting
   */
  public record Boundary(
      boolean segmentEnded,
      boolean streamEnded,
      List<Gap> gaps,
      int rateHz,
      Counts counts,
      State after)
      implements Event {
    public Boundary {
      gaps = List.copyOf(gaps);
    }
  }

  /**
   * Samples that will not be scored.
   *
   * @param epoch capture time of the stream's sample 0
   * @param span native samples on the stream's clock
   * @param from capture time where it begins
   * @param until capture time where it ends
   * @param recordOffset the record after it
   * @param logTimeMillis when the broker appended that record; {@link #NO_LOG_TIME} if unknown
   */
  public record Gap(
      Instant epoch,
      SampleSpan span,
      int rateHz,
      Instant from,
      Instant until,
      Cause cause,
      long recordOffset,
      long logTimeMillis) {}

  /**
   * Where a track goes on.
   *
   * @param resumeOffset oldest record of the stream that is still needed
   * @param throughOffset records up to this one have had their {@link Boundary}
   * @param before the sequencer before {@code resumeOffset}
   * @param sequencer the sequencer after {@code throughOffset}
   * @param segment the open one; null if there is none
   * @param acceptedUntil capture time of the end of the last accepted chunk; null before the first
   */
  public record State(
      long resumeOffset,
      long throughOffset,
      ChunkSequencer.State before,
      ChunkSequencer.State sequencer,
      @Nullable Segment segment,
      @Nullable Instant acceptedUntil) {
    /** Before the first record of the stream, which is at {@code recordOffset} or later. */
    public static State startAt(long recordOffset) {
      return new State(
          recordOffset,
          recordOffset - 1,
          ChunkSequencer.State.NEW,
          ChunkSequencer.State.NEW,
          null,
          null);
    }

    /** Writes all of it. */
    public void write(ProgressBytes.Writer out) {
      out.int64(resumeOffset).int64(throughOffset);
      before.write(out);
      sequencer.write(out);
      out.bool(segment != null);
      if (segment != null) {
        segment.write(out);
      }
      out.bool(acceptedUntil != null);
      if (acceptedUntil != null) {
        out.instant(acceptedUntil);
      }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws dev.lookaside.ingest.IngestException if that is not what the bytes hold
     */
    public static State read(ProgressBytes.Reader in) {
      return new State(
          in.int64(),
          in.int64(),
          ChunkSequencer.State.read(in),
          ChunkSequencer.State.read(in),
          in.bool() ? Segment.read(in) : null,
          in.bool() ? in.instant() : null);
    }
  }

  /** Something that is given only when it is pulled. */
  private sealed interface Step permits Windows, Change {}

  /** What the track knew after the last record that had its boundary; windows count from there. */
  private record Taken(
      long throughOffset, ChunkSequencer.State sequencer, @Nullable Instant acceptedUntil) {
    State with(@Nullable WindowSlicer open) {
      WindowSlicer.Piece oldest = open == null ? null : open.oldestNeeded();
      return new State(
          oldest == null ? throughOffset + 1 : oldest.recordOffset(),
          throughOffset,
          oldest == null ? sequencer : oldest.sequencer(),
          sequencer,
          open == null ? null : open.segment(),
          acceptedUntil);
    }
  }

  /** All windows that a slicer has. */
  private record Windows(WindowSlicer slicer, Taken taken) implements Step {}

  /**
   * A {@link Boundary}; what the ended segment leaves over is known once its windows are given.
   *
   * @param ended the segment whose windows come before; null if none ends, or its samples are lost
   */
  private record Change(
      @Nullable WindowSlicer ended,
      boolean segmentEnded,
      boolean streamEnded,
      List<Gap> gaps,
      int rateHz,
      Counts counts,
      State after)
      implements Step {
    Boundary boundary() {
      Counts all = counts;
      if (ended != null) {
        all = all.plus(Counts.uncovered(ended.segment().uncoveredSamples(ended.untilSample())));
      }
      return new Boundary(segmentEnded, streamEnded, gaps, rateHz, all, after);
    }
  }

  private final StreamId stream;
  private final FeatureSpec spec;
  private final double gateDbfs;
  private final AudioDecoder decoder;
  private final Deque<Step> steps = new ArrayDeque<>();
  private final State resumed;
  private ChunkSequencer sequencer;

  /** Until the first record that had no boundary before this track was made. */
  private boolean rereading = true;

  private Taken taken;
  private @Nullable WindowSlicer slicer;

  /**
   * A track that goes on from {@code state}.
   *
   * @param gateDbfs windows below this level are silent, as {@link
   *     FeaturizerSettings#silenceBelowDbfs} says
   * @param decoder shared by all streams
   */
  public StreamTrack(
      StreamId stream, FeatureSpec spec, double gateDbfs, AudioDecoder decoder, State state) {
    this.stream = stream;
    this.spec = spec;
    this.gateDbfs = gateDbfs;
    this.decoder = decoder;
    this.resumed = state;
    this.sequencer = new ChunkSequencer(state.before());
    this.taken = new Taken(state.throughOffset(), state.sequencer(), state.acceptedUntil());
    Segment open = state.segment();
    this.slicer = open == null ? null : new WindowSlicer(stream, open, spec, gateDbfs);
  }

  /**
   * Takes the stream's next record. All events of the one before must have been pulled.
   *
   * @param logTimeMillis when the broker appended it, or {@link #NO_LOG_TIME}
   * @return why it goes to the dead letters, or null; null too if it was taken before
   */
  public @Nullable Rejection accept(AudioChunk chunk, long logTimeMillis) {
    boolean again = again(chunk.recordOffset());
    AudioDecoder.Decoded decoded = decoder.decode(chunk.format(), chunk.payload());
    Rejection rejection = null;
    if (decoded instanceof AudioDecoder.Samples samples) {
      rejection = sequence(chunk, samples.pcm(), logTimeMillis, again);
    } else if (decoded instanceof AudioDecoder.Rejected rejected) {
      sequencer.reject(chunk, AudioChunk.NOT_GIVEN);
      rejection = rejected.rejection();
    }
    if (again) {
      return null;
    }
    if (rejection != null) {
      taken(chunk.recordOffset(), Counts.rejectedChunk());
    }
    return rejection;
  }

  /**
   * Takes a record of the stream that somebody else rejected.
   *
   * @param sequence as in {@link AudioChunk}
   * @param sampleOffset as in {@link AudioChunk}
   */
  public void rejected(long recordOffset, long sequence, long sampleOffset) {
    boolean again = again(recordOffset);
    sequencer.reject(sequence, sampleOffset, AudioChunk.NOT_GIVEN);
    if (!again) {
      taken(recordOffset, Counts.rejectedChunk());
    }
  }

  /** The stream ends here, whatever the sender meant. */
  public void end() {
    goOn();
    endSegment(true);
  }

  /** True if events are left to pull. */
  public boolean busy() {
    return !steps.isEmpty();
  }

  /**
   * The next event of the stream.
   *
   * @param room true if a window may be given
   * @return null if there is none, or only a window for which there is no room
   */
  public @Nullable Event next(boolean room) {
    for (Step step = steps.peek(); step != null; step = steps.peek()) {
      if (step instanceof Change change) {
        steps.remove();
        return change.boundary();
      }
      if (step instanceof Windows windows && windows.slicer().hasNext()) {
        return room ? window(windows) : null;
      }
      steps.remove();
    }
    return null;
  }

  private static Window window(Windows from) {
    MelWindow window = from.slicer().next();
    return new Window(window, from.slicer().lastWasQuiet(), from.taken().with(from.slicer()));
  }

  private boolean again(long recordOffset) {
    if (rereading && recordOffset > resumed.throughOffset()) {
      goOn();
    }
    return rereading;
  }

  /** All records that had to be read again have been, as far as they still exist. */
  private void goOn() {
    if (!rereading) {
      return;
    }
    rereading = false;
    sequencer = new ChunkSequencer(resumed.sequencer());
    WindowSlicer open = slicer;
    long expected = resumed.sequencer().nextSample();
    if (open != null && open.untilSample() != expected) {
      // Deleted meanwhile: what no window has had yet cannot be scored any more.
      slicer = null;
      Counts lost = Counts.uncovered(open.segment().uncoveredSamples(expected));
      change(null, true, resumed.sequencer().ended(), List.of(), lost);
    }
  }

  private @Nullable Rejection sequence(
      AudioChunk chunk, Pcm pcm, long logTimeMillis, boolean again) {
    ChunkSequencer.State before = sequencer.state();
    ChunkSequencer.Verdict verdict = sequencer.next(chunk, pcm.lengthSamples(), pcm.rateHz());
    if (verdict instanceof ChunkSequencer.Accept accepted) {
      WindowSlicer.Piece piece =
          new WindowSlicer.Piece(
              accepted.span(), chunk.captureTime(), logTimeMillis, chunk.recordOffset(), before);
      if (again) {
        readAgain(chunk, pcm, piece);
      } else {
        accepted(chunk, pcm, piece, accepted);
      }
    } else if (verdict instanceof ChunkSequencer.Rejected rejected) {
      return rejected.rejection();
    } else if (!again) {
      taken(chunk.recordOffset(), Counts.repeatedChunk());
    }
    return null;
  }

  private void readAgain(AudioChunk chunk, Pcm pcm, WindowSlicer.Piece piece) {
    WindowSlicer open = slicer;
    if (open != null && open.untilSample() == piece.span().fromSample()) {
      open.append(piece, pcm.samples());
      giveWindows(open, chunk);
    }
  }

  private void accepted(
      AudioChunk chunk, Pcm pcm, WindowSlicer.Piece piece, ChunkSequencer.Accept accepted) {
    boolean hole = accepted.gapSamples() + accepted.rejectedSamples() > 0;
    if (slicer != null && (accepted.newEpoch() || hole)) {
      // Before anything of the new chunk counts: its rate may be another one.
      endSegment(accepted.newEpoch());
    }
    WindowSlicer open = slicer;
    List<Gap> gaps = gaps(chunk, pcm.rateHz(), piece.logTimeMillis(), accepted);
    if (open == null) {
      open = new WindowSlicer(stream, begin(pcm.rateHz(), accepted), spec, gateDbfs);
    }
    open.append(piece, pcm.samples());
    slicer = open;
    Instant until = AudioChunk.timeOf(chunk.captureTime(), pcm.lengthSamples(), pcm.rateHz());
    taken = new Taken(chunk.recordOffset(), sequencer.state(), until);
    change(
        null,
        false,
        false,
        gaps,
        Counts.received(pcm.lengthSamples())
            .plus(Counts.gap(accepted.gapSamples()))
            .plus(Counts.rejected(accepted.rejectedSamples())));
    giveWindows(open, chunk);
  }

  private void giveWindows(WindowSlicer open, AudioChunk chunk) {
    if (chunk.last()) {
      endSegment(true);
    } else {
      steps.add(new Windows(open, taken));
    }
  }

  private Segment begin(int rateHz, ChunkSequencer.Accept accepted) {
    Segment.Before before = Segment.Before.GAP;
    if (accepted.newEpoch()) {
      before = accepted.joined() ? Segment.Before.UNKNOWN : Segment.Before.SILENCE;
    }
    return Segment.begin(accepted.epoch(), rateHz, accepted.span().fromSample(), before, spec);
  }

  private void endSegment(boolean streamEnded) {
    WindowSlicer open = slicer;
    slicer = null;
    long known = resumed.sequencer().nextSample();
    if (open != null && rereading && open.untilSample() != known) {
      // Some of what was read before cannot be read again: the rest of the segment is lost.
      Counts lost = Counts.uncovered(open.segment().uncoveredSamples(known));
      change(null, true, streamEnded, List.of(), lost);
      return;
    }
    if (open != null) {
      open.finish();
      steps.add(new Windows(open, taken));
    }
    change(open, open != null, streamEnded, List.of(), Counts.NONE);
  }

  /** A record of which only the counts remain. */
  private void taken(long recordOffset, Counts counts) {
    taken = new Taken(recordOffset, sequencer.state(), taken.acceptedUntil());
    change(null, false, false, List.of(), counts);
    WindowSlicer open = slicer;
    if (open != null) {
      steps.add(new Windows(open, taken));
    }
  }

  private void change(
      @Nullable WindowSlicer ended,
      boolean segmentEnded,
      boolean streamEnded,
      List<Gap> gaps,
      Counts counts) {
    steps.add(
        new Change(
            ended,
            segmentEnded,
            streamEnded,
            gaps,
            taken.sequencer().rateHz(),
            counts,
            taken.with(slicer)));
  }

  /** The hole right before a chunk; of its two parts the rejected one comes first. */
  private List<Gap> gaps(
      AudioChunk chunk, int rateHz, long logTimeMillis, ChunkSequencer.Accept accepted) {
    long rejected = accepted.rejectedSamples();
    long gap = accepted.gapSamples();
    List<Gap> gaps = new ArrayList<>(2);
    if (rejected + gap == 0) {
      return gaps;
    }
    long until = accepted.span().fromSample();
    long middle = until - gap;
    Instant end = chunk.captureTime();
    Instant known = taken.acceptedUntil();
    Instant start =
        accepted.newEpoch() || known == null
            ? AudioChunk.epoch(end, rejected + gap, rateHz)
            : earlier(known, end);
    Instant between = earlier(AudioChunk.timeOf(start, rejected, rateHz), end);
    if (rejected > 0) {
      SampleSpan span = new SampleSpan(middle - rejected, middle);
      gaps.add(
          new Gap(
              accepted.epoch(),
              span,
              rateHz,
              start,
              between,
              Cause.REJECTED,
              chunk.recordOffset(),
              logTimeMillis));
    }
    if (gap > 0) {
      SampleSpan span = new SampleSpan(middle, until);
      gaps.add(
          new Gap(
              accepted.epoch(),
              span,
              rateHz,
              between,
              end,
              Cause.GAP,
              chunk.recordOffset(),
              logTimeMillis));
    }
    return gaps;
  }

  /** A sender may have set its clock back. */
  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }
}
