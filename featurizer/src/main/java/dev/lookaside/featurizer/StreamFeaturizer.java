package dev.lookaside.featurizer;

import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Turns one stream's chunks into mel windows, against demand. Sole owner of the stream's samples.
 */
public final class StreamFeaturizer {
  /** What a featurizer is asked to do. */
  public sealed interface Command {}

  /**
   * A chunk of this stream, in the order of its partition. Its credit goes back to the source
   * exactly once: when it is consumed, or when the featurizer stops.
   *
   * @param record the chunk's own record, for the dead letters
   */
  public record Accept(
      Assignment assignment, AudioChunk chunk, ConsumerRecord<byte[], byte[]> record)
      implements Command {}

  /**
   * A record of this stream that the source itself refused; only for the accounting.
   *
   * @param sequence as in {@link AudioChunk}
   * @param sampleOffset as in {@link AudioChunk}
   */
  public record Refused(
      Assignment assignment,
      long recordOffset,
      long sequence,
      long sampleOffset,
      Rejection rejection)
      implements Command {}

  /**
   * Room for {@code windows} more windows at the detector. Each {@link WindowReady} and each {@link
   * WindowSkipped} uses up one; the other events come without demand.
   */
  public record Demand(int windows) implements Command {
    public Demand {
      if (windows < 1) {
        throw new IllegalArgumentException("windows \"%d\": must be 1 or more".formatted(windows));
      }
    }
  }

  /**
   * No more will come (the stream fell idle): ends the stream as its last chunk would, after what
   * is queued, tells {@link Ended} and stops. A featurizer of a revoked partition is stopped by its
   * parent instead.
   */
  public enum End implements Command {
    INSTANCE
  }

  /** What the detector is told, in the stream's order. */
  public sealed interface Event {}

  /** To be scored. */
  public record WindowReady(MelWindow window) implements Event {}

  /** Below the silence gate's level: complete, but not to be scored. */
  public record WindowSkipped(MelWindow window) implements Event {}

  /** Why samples are missing. */
  public enum Cause {
    /** Never received. */
    GAP,
    /** Received, and sent to the dead letters. */
    REJECTED
  }

  /**
   * Samples that will not be heard. Comes after the segment before it has ended.
   *
   * @param span native samples on the stream's clock
   * @param from capture time where it begins
   * @param until capture time where it ends
   * @param recordOffset the record after it
   */
  public record Gap(
      StreamId stream,
      Instant epoch,
      SampleSpan span,
      int rateHz,
      Instant from,
      Instant until,
      Cause cause,
      Assignment assignment,
      long recordOffset)
      implements Event {}

  /**
   * A run of samples without a gap is over and all its windows were told.
   *
   * @param span its native samples on the stream's clock
   * @param unheardSamples samples of it that were in no window
   * @param resumeOffset oldest record needed for what comes after it
   */
  public record SegmentEnded(
      StreamId stream,
      Instant epoch,
      SampleSpan span,
      int rateHz,
      long unheardSamples,
      Assignment assignment,
      long resumeOffset)
      implements Event {}

  /**
   * The stream has ended (last chunk, a new start, or {@link End}) and every sample of it is
   * accounted for.
   *
   * @param lastRecordOffset last record of it that this featurizer has seen; all up to it can be
   *     settled
   * @param stopping true after {@link End}: this is the featurizer's last event
   */
  public record Ended(
      StreamId stream, Assignment assignment, long lastRecordOffset, boolean stopping)
      implements Event {}

  /**
   * What changed in the accounting; deltas, to be added up.
   *
   * @param rateHz native rate of the samples in {@code delta}
   */
  public record Counted(StreamId stream, int rateHz, Counts delta) implements Event {}

  private StreamFeaturizer() {}
}
