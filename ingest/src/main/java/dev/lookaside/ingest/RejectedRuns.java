package dev.lookaside.ingest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Rejected chunks since the last accepted one, as runs of neighbours, so that a hole in the stream
 * can be told apart: received and rejected, or never received. Bounded whatever arrives.
 */
final class RejectedRuns {
  /** Runs kept; of more than this many, broken by losses, the oldest count as gap. */
  static final int MAX_RUNS = 64;

  private final Deque<RejectedRun> runs = new ArrayDeque<>();
  private long unplacedSamples;

  RejectedRuns() {}

  RejectedRuns(List<RejectedRun> runs, long unplacedSamples) {
    this.runs.addAll(runs);
    this.unplacedSamples = unplacedSamples;
  }

  /** The runs, oldest first. */
  List<RejectedRun> runs() {
    return List.copyOf(runs);
  }

  /** True if nothing is remembered. */
  boolean isEmpty() {
    return runs.isEmpty() && unplacedSamples == 0;
  }

  /** Samples of rejected chunks that gave neither sequence nor sample offset. */
  long unplacedSamples() {
    return unplacedSamples;
  }

  void clear() {
    runs.clear();
    unplacedSamples = 0;
  }

  /** Remembers one; every number may be {@link AudioChunk#NOT_GIVEN}. */
  void add(long sequence, long sample, long samples) {
    if (sequence < 0 && sample < 0) {
      unplacedSamples += Math.max(0, samples);
      return;
    }
    RejectedRun last = runs.peekLast();
    if (last != null && last.continuedBy(sequence, sample)) {
      runs.removeLast();
      runs.addLast(last.extended(sequence, sample, samples));
      return;
    }
    if (runs.size() == MAX_RUNS) {
      runs.removeFirst();
    }
    runs.addLast(RejectedRun.of(sequence, sample, samples));
  }

  /** How many chunks of {@code [fromSequence, untilSequence)} were rejected. */
  long chunksIn(long fromSequence, long untilSequence) {
    long chunks = 0;
    for (RejectedRun run : runs) {
      chunks += run.liesIn(fromSequence, untilSequence) ? run.chunks() : 0;
    }
    return chunks;
  }

  /**
   * How much of a hole was received and rejected. Exact when all chunks of the hole were rejected
   * or where lengths are known or follow from the neighbours; a chunk of unknown length counts as
   * long as {@code usualSamples}.
   *
   * @param hole samples between the chunk before and the chunk after
   * @param fromSequence first missing sequence, negative if unknown
   * @param untilSequence sequence of the chunk after the hole, negative if unknown
   */
  long samplesIn(SampleSpan hole, long fromSequence, long untilSequence, long usualSamples) {
    long samples = unplacedSamples;
    long counted = hole.fromSample();
    boolean known = fromSequence >= 0 && untilSequence >= 0;
    for (RejectedRun run : runs) {
      boolean placed = known && run.fromSequence() >= 0;
      if (placed && !run.liesIn(fromSequence, untilSequence)) {
        continue; // It lied about its place.
      }
      if (run.fromSample() < 0) {
        samples += usualSamples * run.chunks();
        continue;
      }
      boolean reachesEnd = placed && run.untilSequence() == untilSequence;
      long end = reachesEnd ? hole.untilSample() : endOf(run, usualSamples);
      long from = Math.max(counted, run.fromSample());
      long until = Math.min(hole.untilSample(), end);
      if (until > from) {
        samples += until - from;
        counted = until;
      }
    }
    long missing = known ? untilSequence - fromSequence : 0;
    boolean all = missing > 0 && chunksIn(fromSequence, untilSequence) == missing;
    return all ? hole.lengthSamples() : Math.min(hole.lengthSamples(), samples);
  }

  private static long endOf(RejectedRun run, long usualSamples) {
    return run.lastSample() + (run.lastSamples() > 0 ? run.lastSamples() : usualSamples);
  }
}
