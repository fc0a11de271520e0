package dev.lookaside.ingest;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * Puts the chunks of one stream on the stream's sample clock: finds repeats, gaps, contradictions
 * and new starts. Pure: state and chunks in, verdicts out. Not thread-safe.
 */
public final class ChunkSequencer {
  /** What a chunk turned out to be. */
  public sealed interface Verdict permits Accept, Repeat, Rejected {}

  /**
   * The chunk goes on the clock.
   *
   * @param span where its samples lie on the stream's clock, native rate
   * @param epoch capture time of the clock's sample 0
   * @param gapSamples samples right before the span that were never received
   * @param rejectedSamples samples right before the span that were received and rejected
   * @param newEpoch true if the clock starts with this chunk: what came before has ended
   * @param joined true if the clock starts and the chunk is not the stream's first: what came
   *     before is unknown, not silent
   */
  public record Accept(
      SampleSpan span,
      Instant epoch,
      long gapSamples,
      long rejectedSamples,
      boolean newEpoch,
      boolean joined)
      implements Verdict {
    public Accept {
      Objects.requireNonNull(span, "span");
      Objects.requireNonNull(epoch, "epoch");
    }
  }

  /** All of it was accepted before; to be dropped and counted. */
  public enum Repeat implements Verdict {
    INSTANCE
  }

  /** Contradicts itself or what was accepted; for the dead letters. */
  public record Rejected(Rejection rejection) implements Verdict {
    public Rejected {
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /** A jump ahead by more than this must be borne out by the capture times. */
  private static final int MAX_UNPROVEN_JUMP_SECONDS = 600;

  /** Clocks of senders drift and are corrected by less than this between two chunks. */
  private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(1);

  /** Drift of a sender's sample clock against its wall clock: at most one part in this many. */
  private static final int DRIFT_PARTS = 1_000;

  /**
   * All that a sequencer knows, so that another one goes on where it was: see {@link #state}.
   *
   * @param rateHz 0 before the first chunk
   * @param acceptedUntil capture time up to which samples were accepted
   * @param rejectedRuns rejected chunks since the last accepted one
   * @param unplacedSamples of rejected chunks that gave neither sequence nor sample offset
   */
  public record State(
      boolean started,
      boolean joined,
      boolean ended,
      int rateHz,
      long nextSample,
      long nextSequence,
      long usualSamples,
      Instant epoch,
      Instant acceptedUntil,
      List<RejectedRun> rejectedRuns,
      long unplacedSamples) {
    /** Before the first chunk of a stream. */
    public static final State NEW =
        new State(false, false, false, 0, 0, 0, 0, Instant.EPOCH, Instant.EPOCH, List.of(), 0);

    private static final int RUN_BYTES = 5 * Long.BYTES;

    public State {
      rejectedRuns = List.copyOf(rejectedRuns);
    }

    /** Writes all of it. */
    public void write(ProgressBytes.Writer out) {
      out.bool(started).bool(joined).bool(ended).int32(rateHz).int64(nextSample);
      out.int64(nextSequence).int64(usualSamples).instant(epoch).instant(acceptedUntil);
      out.int32(rejectedRuns.size());
      for (RejectedRun run : rejectedRuns) {
        out.int64(run.fromSequence()).int64(run.fromSample()).int64(run.untilSequence());
        out.int64(run.lastSample()).int64(run.lastSamples());
      }
      out.int64(unplacedSamples);
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IngestException if that is not what the bytes hold
     */
    public static State read(ProgressBytes.Reader in) {
      boolean started = in.bool();
      boolean joined = in.bool();
      boolean ended = in.bool();
      int rateHz = in.int32();
      if (started || rateHz != 0) {
        AudioFormat.checkRate(rateHz);
      }
      long nextSample = in.int64();
      long nextSequence = in.int64();
      long usualSamples = in.int64();
      Instant epoch = in.instant();
      Instant acceptedUntil = in.instant();
      int count = in.count(RUN_BYTES);
      if (count > RejectedRuns.MAX_RUNS) {
        throw in.bad("%d runs, must be at most %d".formatted(count, RejectedRuns.MAX_RUNS));
      }
      RejectedRun[] runs = new RejectedRun[count];
      for (int i = 0; i < runs.length; i++) {
        runs[i] = new RejectedRun(in.int64(), in.int64(), in.int64(), in.int64(), in.int64());
      }
      return new State(
          started,
          joined,
          ended,
          rateHz,
          nextSample,
          nextSequence,
          usualSamples,
          epoch,
          acceptedUntil,
          List.of(runs),
          in.int64());
    }
  }

  private final RejectedRuns rejected;
  private boolean started;
  private boolean joined;
  private boolean ended;
  private int rateHz;
  private long nextSample;
  private long nextSequence;
  private long usualSamples;
  private Instant epoch = Instant.EPOCH;
  private Instant acceptedUntil = Instant.EPOCH;

  /** A sequencer before the first chunk of its stream. */
  public ChunkSequencer() {
    this(State.NEW);
  }

  /** A sequencer that goes on where another one was. */
  public ChunkSequencer(State from) {
    rejected = new RejectedRuns(from.rejectedRuns(), from.unplacedSamples());
    started = from.started();
    joined = from.joined();
    ended = from.ended();
    rateHz = from.rateHz();
    nextSample = from.nextSample();
    nextSequence = from.nextSequence();
    usualSamples = from.usualSamples();
    epoch = from.epoch();
    acceptedUntil = from.acceptedUntil();
  }

  /** What this sequencer knows now. */
  public State state() {
    return new State(
        started,
        joined,
        ended,
        rateHz,
        nextSample,
        nextSequence,
        usualSamples,
        epoch,
        acceptedUntil,
        rejected.runs(),
        rejected.unplacedSamples());
  }

  /**
   * Judges the stream's next chunk, in the order of the log.
   *
   * @param nativeSamples samples per channel the payload holds
   * @param rateHz the payload's own rate
   */
  public Verdict next(AudioChunk chunk, long nativeSamples, int rateHz) {
    AudioFormat.checkRate(rateHz);
    if (nativeSamples < 1) {
      return noted(
          chunk, rejected(Rejection.Reason.EMPTY, "samples", nativeSamples, "must be 1 or more"));
    }
    if (!started || startsAnew(chunk, nativeSamples, rateHz)) {
      return start(chunk, nativeSamples, rateHz);
    }
    if (rateHz != this.rateHz) {
      return noted(chunk, inconsistent("rate", rateHz, "must be " + this.rateHz + " as before"));
    }
    if (sequenceSeen(chunk) || chunk.sampleOffset() >= 0 && chunk.sampleOffset() < nextSample) {
      return seen(chunk, nativeSamples) ? Repeat.INSTANCE : contradiction(chunk, nativeSamples);
    }
    return goOn(chunk, nativeSamples);
  }

  /**
   * Notes that a chunk of this stream was rejected elsewhere, so that its time counts as rejected
   * and not as gap. Chunks that {@link #next} rejected are noted already.
   *
   * @param sequence what it said, {@link AudioChunk#NOT_GIVEN} for nothing
   * @param sampleOffset what it said, {@link AudioChunk#NOT_GIVEN} for nothing
   * @param nativeSamples its length, {@link AudioChunk#NOT_GIVEN} if that cannot be known
   */
  public void reject(long sequence, long sampleOffset, long nativeSamples) {
    boolean behind =
        started
            && (sequence >= 0 && sequence < nextSequence
                || sampleOffset >= 0 && sampleOffset < nextSample);
    if (!behind) {
      rejected.add(sequence, sampleOffset, nativeSamples);
    }
  }

  /** {@link #reject(long, long, long)} with the numbers of {@code chunk}. */
  public void reject(AudioChunk chunk, long nativeSamples) {
    reject(chunk.sequence(), chunk.sampleOffset(), nativeSamples);
  }

  /** True from a chunk marked as the last until one starts the stream anew. */
  public boolean ended() {
    return ended;
  }

  /** The sample after the last one accepted; 0 before the first chunk. */
  public long nextSample() {
    return nextSample;
  }

  private boolean startsAnew(AudioChunk chunk, long nativeSamples, int rateHz) {
    boolean numbered = chunk.sequence() >= 0 || chunk.sampleOffset() >= 0;
    if (!numbered) {
      return ended || rateHz != this.rateHz;
    }
    Instant time = chunk.captureTime();
    if (chunk.sequence() <= 0 && chunk.sampleOffset() <= 0) {
      // A repeated first chunk carries the first chunk's time; a rebooted sender's does not, also
      // when its clock went backwards.
      return time.isAfter(acceptedUntil) || !nearEpoch(time);
    }
    // The first chunks of a rebooted sender may be lost: what looks like old numbers at a new time
    // is a new start, or the sender would be taken for a repeater until it passes the old position.
    boolean old = seen(chunk, nativeSamples);
    return old ? time.isAfter(acceptedUntil.plus(CLOCK_TOLERANCE)) : ended;
  }

  private boolean nearEpoch(Instant time) {
    if (!joined) {
      return time.equals(epoch);
    }
    Duration drift = Duration.between(epoch, acceptedUntil).dividedBy(DRIFT_PARTS);
    return Duration.between(epoch, time).abs().compareTo(drift.plus(CLOCK_TOLERANCE)) <= 0;
  }

  private boolean sequenceSeen(AudioChunk chunk) {
    return chunk.sequence() >= 0 && chunk.sequence() < nextSequence;
  }

  /** True if everything the chunk says of its place lies before what comes next. */
  private boolean seen(AudioChunk chunk, long nativeSamples) {
    boolean bySequence = chunk.sequence() < 0 || nextSequence < 0 || sequenceSeen(chunk);
    boolean bySample =
        chunk.sampleOffset() < 0 || chunk.sampleOffset() + nativeSamples <= nextSample;
    return bySequence && bySample;
  }

  private Accept start(AudioChunk chunk, long nativeSamples, int rateHz) {
    if (started) {
      rejected.clear(); // They belonged to the clock that has ended.
    }
    long from = Math.max(0, chunk.sampleOffset());
    long rejectedSamples = rejected.samplesIn(new SampleSpan(0, from), 0, chunk.sequence(), 0);
    started = true;
    joined = chunk.sequence() > 0 || chunk.sampleOffset() > 0;
    this.rateHz = rateHz;
    epoch = AudioChunk.epoch(chunk.captureTime(), from, rateHz);
    acceptedUntil = Instant.MIN;
    nextSequence = AudioChunk.NOT_GIVEN;
    SampleSpan span = advance(chunk, from, nativeSamples);
    return new Accept(span, epoch, 0, rejectedSamples, true, joined);
  }

  private Verdict goOn(AudioChunk chunk, long nativeSamples) {
    long missing = missingChunks(chunk);
    long from = chunk.sampleOffset() >= 0 ? chunk.sampleOffset() : inferred(chunk, missing);
    SampleSpan hole = new SampleSpan(nextSample, from);
    // A rejected chunk may have been empty; one that was never received was not.
    long lost = missing - rejected.chunksIn(nextSequence, chunk.sequence());
    if (hole.lengthSamples() < lost) {
      String message = "leaves no room for the %d chunks missing before ce_sequence %d";
      return noted(chunk, offset(from, message.formatted(lost, chunk.sequence())));
    }
    if (unproven(chunk, hole)) {
      String message = "jumps ahead by %d s, the capture time %s does not";
      return noted(
          chunk,
          offset(from, message.formatted(hole.lengthSamples() / rateHz, chunk.captureTime())));
    }
    if (from > AudioChunk.MAX_SAMPLE_OFFSET) {
      return noted(chunk, offset(from, "must be at most " + AudioChunk.MAX_SAMPLE_OFFSET));
    }
    long rejectedSamples = rejected.samplesIn(hole, nextSequence, chunk.sequence(), usualSamples);
    SampleSpan span = advance(chunk, from, nativeSamples);
    return new Accept(
        span, epoch, hole.lengthSamples() - rejectedSamples, rejectedSamples, false, false);
  }

  private long missingChunks(AudioChunk chunk) {
    boolean known = chunk.sequence() >= 0 && nextSequence >= 0;
    return known ? chunk.sequence() - nextSequence : 0;
  }

  /** Where a chunk without sample offset stands: next, or as far ahead as its time says. */
  private long inferred(AudioChunk chunk, long missing) {
    if (missing == 0) {
      return nextSample + rejected.unplacedSamples();
    }
    Duration ahead = Duration.between(acceptedUntil, chunk.captureTime());
    long samples =
        ahead.isNegative()
            ? 0
            : ahead.getSeconds() * rateHz + (long) ahead.getNano() * rateHz / 1_000_000_000L;
    return nextSample + Math.max(missing, samples);
  }

  private boolean unproven(AudioChunk chunk, SampleSpan hole) {
    long holeSeconds = hole.lengthSamples() / rateHz;
    return holeSeconds > MAX_UNPROVEN_JUMP_SECONDS
        && Duration.between(acceptedUntil, chunk.captureTime()).getSeconds() < holeSeconds / 2;
  }

  private SampleSpan advance(AudioChunk chunk, long from, long nativeSamples) {
    SampleSpan span = new SampleSpan(from, from + nativeSamples);
    nextSample = span.untilSample();
    if (chunk.sequence() >= 0) {
      nextSequence = chunk.sequence() + 1;
    } else if (nextSequence >= 0) {
      nextSequence++;
    }
    usualSamples = nativeSamples;
    Instant until = AudioChunk.timeOf(chunk.captureTime(), nativeSamples, rateHz);
    acceptedUntil = until.isAfter(acceptedUntil) ? until : acceptedUntil;
    ended = chunk.last();
    rejected.clear();
    return span;
  }

  private Rejected contradiction(AudioChunk chunk, long nativeSamples) {
    if (!sequenceSeen(chunk)) {
      return offset(
          chunk.sampleOffset(),
          "must be %d or more, what lies before was received already".formatted(nextSample));
    }
    if (chunk.sampleOffset() >= nextSample) {
      return inconsistent(
          ChunkHeaders.SEQUENCE,
          chunk.sequence(),
          "goes backwards from %d while ce_sampleoffset %d does not"
              .formatted(nextSequence - 1, chunk.sampleOffset()));
    }
    return offset(
        chunk.sampleOffset(),
        "with %d samples reaches beyond %d, the end of what was received"
            .formatted(nativeSamples, nextSample));
  }

  private Rejected noted(AudioChunk chunk, Rejected verdict) {
    // Its offset and length are what cannot be believed, so only the sequence counts.
    rejected.add(chunk.sequence(), AudioChunk.NOT_GIVEN, AudioChunk.NOT_GIVEN);
    return verdict;
  }

  private static Rejected offset(long from, String message) {
    return inconsistent(ChunkHeaders.SAMPLE_OFFSET, from, message);
  }

  private static Rejected inconsistent(String field, long value, String message) {
    return rejected(Rejection.Reason.INCONSISTENT, field, value, message);
  }

  private static Rejected rejected(
      Rejection.Reason reason, String field, long value, String message) {
    return new Rejected(new Rejection(reason, field, Long.toString(value), message));
  }
}
