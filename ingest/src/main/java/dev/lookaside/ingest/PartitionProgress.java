package dev.lookaside.ingest;

import java.util.Map;

/**
 * What {@code lookaside.progress} holds of one partition of the chunks.
 *
 * @param streams of each stream, how far it is
 * @param lettersThrough the newest record without a stream whose dead letter is written, and with
 *     it those of all before; -1 if there is none
 */
public record PartitionProgress(Map<StreamId, StreamProgress> streams, long lettersThrough) {
  /** Nothing is known. */
  public static final PartitionProgress NONE = new PartitionProgress(Map.of(), -1);

  public PartitionProgress {
    streams = Map.copyOf(streams);
  }
}
