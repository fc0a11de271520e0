package dev.lookaside.ingest.retained;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.ChunkSequencer;
import dev.lookaside.ingest.ChunkSequencer.Accept;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.retained.Retained.Hole;
import dev.lookaside.ingest.retained.Retained.Piece;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Puts the chunks of one stretch together. Pure: chunks in, pieces and holes out.
 *
 * <p>A hole's cause is that of what ended it; holes shorter than a sample are none.
 */
final class RetainedInterval {
  private final StreamId stream;
  private final Instant from;
  private final Instant until;
  private final AudioDecoder decoder;
  private final ChunkSequencer sequencer = new ChunkSequencer();
  private final List<Piece> pieces = new ArrayList<>();
  private final List<Hole> holes = new ArrayList<>();
  private final List<float[]> open = new ArrayList<>();
  private Instant openStart = Instant.EPOCH;
  private int openRateHz;
  private Instant covered;
  private Cause firstCause;
  private boolean past;
  private boolean ended;
  private boolean lastWasRejected;

  /**
   * @param firstKept why the stretch's beginning is missing if it is; null if a chunk before it is
   *     there
   */
  RetainedInterval(
      StreamId stream,
      Instant from,
      Instant until,
      Place.@Nullable Missing firstKept,
      AudioDecoder decoder) {
    this.stream = stream;
    this.from = from;
    this.until = until;
    this.decoder = decoder;
    this.covered = from;
    this.firstCause = firstKept == null ? Cause.GAP : firstKept.cause();
  }

  /** Takes in the stream's next record; false if no later one can matter. */
  boolean add(AudioChunkCodec.Decoded decoded) {
    if (decoded instanceof AudioChunkCodec.Chunk read) {
      return add(read.chunk());
    }
    AudioChunkCodec.Rejected rejected = (AudioChunkCodec.Rejected) decoded;
    sequencer.reject(rejected.sequence(), rejected.sampleOffset(), AudioChunk.NOT_GIVEN);
    lastWasRejected = true;
    return true;
  }

  private boolean add(AudioChunk chunk) {
    if (!(decoder.decode(chunk.format(), chunk.payload()) instanceof AudioDecoder.Samples read)) {
      sequencer.reject(chunk, AudioChunk.NOT_GIVEN);
      lastWasRejected = true;
      return true;
    }
    Pcm pcm = read.pcm();
    if (sequencer.next(chunk, pcm.lengthSamples(), pcm.rateHz()) instanceof Accept accepted) {
      cover(accepted, pcm);
      lastWasRejected = false;
      ended = chunk.last();
    }
    return !past;
  }

  private void cover(Accept accepted, Pcm pcm) {
    long first = accepted.span().fromSample();
    int begin = firstAt(accepted.epoch(), first, pcm, from);
    int end = firstAt(accepted.epoch(), first, pcm, until);
    Instant start = AudioChunk.timeOf(accepted.epoch(), first + begin, pcm.rateHz());
    past = end < pcm.lengthSamples() || !start.isBefore(until);
    boolean continues =
        !accepted.newEpoch() && accepted.gapSamples() + accepted.rejectedSamples() == 0;
    if (!continues) {
      close();
    }
    Instant coveredFrom = begin < end ? start : earlier(start, until);
    hole(coveredFrom, accepted, pcm.rateHz());
    if (begin >= end) {
      return;
    }
    if (open.isEmpty()) {
      openStart = start;
      openRateHz = pcm.rateHz();
    }
    boolean all = begin == 0 && end == pcm.lengthSamples();
    open.add(all ? pcm.samples() : Arrays.copyOfRange(pcm.samples(), begin, end));
    Instant coveredUntil = AudioChunk.timeOf(accepted.epoch(), first + end, pcm.rateHz());
    covered = later(covered, earlier(coveredUntil, until));
  }

  private void hole(Instant coveredFrom, Accept accepted, int rateHz) {
    Duration sample = Duration.ofNanos(1_000_000_000L / rateHz + 1);
    if (Duration.between(covered, coveredFrom).compareTo(sample) > 0) {
      Cause cause = accepted.rejectedSamples() > 0 ? Cause.REJECTED : Cause.GAP;
      boolean atStart = pieces.isEmpty() && open.isEmpty() && holes.isEmpty();
      holes.add(new Hole(covered, coveredFrom, atStart && cause == Cause.GAP ? firstCause : cause));
      covered = coveredFrom;
    }
  }

  /** First sample of the piece that is captured at or after {@code time}; its length for none. */
  private static int firstAt(Instant epoch, long first, Pcm pcm, Instant time) {
    int low = 0;
    int high = pcm.lengthSamples();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (AudioChunk.timeOf(epoch, first + middle, pcm.rateHz()).isBefore(time)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private void close() {
    if (open.isEmpty()) {
      return;
    }
    int length = open.stream().mapToInt(s -> s.length).sum();
    float[] samples = new float[length];
    int at = 0;
    for (float[] part : open) {
      System.arraycopy(part, 0, samples, at, part.length);
      at += part.length;
    }
    pieces.add(new Piece(openStart, new Pcm(openRateHz, samples)));
    open.clear();
  }

  /** What there is, when no more comes. */
  Retained end() {
    int rateHz = openRateHz;
    close();
    Cause rest = lastWasRejected ? Cause.REJECTED : ended ? Cause.AFTER_END : Cause.NOT_YET;
    if (pieces.isEmpty()) {
      Cause cause = holes.isEmpty() ? rest : holes.get(0).cause();
      return new Retained.Nothing(cause, message(stream, from, until, cause, Optional.empty()));
    }
    Duration sample = Duration.ofNanos(1_000_000_000L / rateHz + 1);
    if (!past && Duration.between(covered, until).compareTo(sample) > 0) {
      holes.add(new Hole(covered, until, rest));
    }
    return new Retained.Audio(pieces, holes);
  }

  /** One line for people. */
  static String message(
      StreamId stream, Instant from, Instant until, Cause cause, Optional<Instant> at) {
    String since = at.map(t -> "; the oldest is of " + t).orElse("");
    return "stream \"%s\": audio of %s to %s: %s%s"
        .formatted(stream, from, until, cause.phrase(), since);
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }
}
