package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/** What {@link SourceCore} knows of one stream in one assignment. */
final class StreamFeed {
  final Assignment assignment;
  final StreamId stream;

  /** The stream's actor; null while it is closed. */
  @Nullable ActorRef<StreamMessage> actor;

  /** The newest that is durable; null if there is none. */
  @Nullable StreamProgress progress;

  /** The first record that the actor has not been given, or need not be given. */
  long nextOffset;

  /** The newest record that it, or the progress it goes on from, knows of; -1 before the first. */
  long givenOffset = -1;

  /** Append time of that record. */
  long logTimeMillis;

  /** Records of it wait on Kafka behind {@link PartitionFeed}'s live position. */
  boolean parked;

  /** Parked, and left out of the reading again that is under way: it had no room. */
  boolean leftOut;

  /** Counts how often its actor was rewound; see {@link StreamMessage.Chunk}. */
  long delivery;

  /** It has been given {@link StreamMessage.End} and nothing since. */
  boolean ended;

  /** A check of its silence is queued. */
  boolean watched;

  private final int maxRecords;
  private final long maxBytes;
  private int records;
  private long bytes;

  StreamFeed(
      Assignment assignment,
      StreamId stream,
      @Nullable StreamProgress progress,
      long nextOffset,
      int maxRecords,
      long maxBytes) {
    this.assignment = assignment;
    this.stream = stream;
    this.progress = progress;
    this.nextOffset = nextOffset;
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
    goOnFrom(progress);
  }

  /** What is given next follows on this progress; null: on nothing. */
  void goOnFrom(@Nullable StreamProgress from) {
    logTimeMillis = from == null ? 0 : from.logTimeMillis();
    ended = from != null && from.ended();
    givenOffset = from == null ? -1 : from.throughOffset();
  }

  /** It is between records that it was given before: no end of it lies here. */
  boolean catchingUp() {
    return givenOffset < 0 || nextOffset <= givenOffset;
  }

  /** Room for one more record; one that is larger than all the room passes alone. */
  boolean hasRoom() {
    return records < maxRecords && bytes < maxBytes;
  }

  /** Half of the room is free: worth reading again for. */
  boolean hasMuchRoom() {
    return records * 2L <= maxRecords && bytes * 2 <= maxBytes;
  }

  /** The actor has nothing to do. */
  boolean idle() {
    return records == 0;
  }

  void take(long itsBytes) {
    records++;
    bytes += itsBytes;
  }

  /** Bytes that became free; never more than were taken, whatever is claimed. */
  long giveBack(int itsRecords, long itsBytes) {
    long free = Math.min(bytes, itsBytes);
    records -= Math.min(records, itsRecords);
    bytes -= free;
    return free;
  }

  /** All it was given is durable, and it has ended. */
  boolean finished() {
    return ended
        && !parked
        && records == 0
        && progress != null
        && progress.ended()
        && progress.throughOffset() >= givenOffset;
  }
}
