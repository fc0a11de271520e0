package dev.lookaside.ingest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What {@link KafkaSource} knows of one tenure of one partition: room downstream, records that wait
 * for room, and what may be committed. Pure; not thread-safe.
 *
 * <p>A record leaves while there is room for at least one record and one byte, so a record larger
 * than all the room still passes, alone.
 */
final class PartitionFeed {
  private static final Logger LOG = LoggerFactory.getLogger(PartitionFeed.class);

  private final Assignment assignment;
  private final TopicPartition partition;
  private final int maxRecords;
  private final long maxBytes;
  private final CommitLedger ledger = new CommitLedger();
  private final Deque<ConsumerRecord<byte[], byte[]>> waiting = new ArrayDeque<>();
  private int roomRecords;
  private long roomBytes;

  /** Of who had the partition before, as read; and with what has been settled since. */
  private final ResumePoints before;

  private final ResumePoints points;

  /** Where reading began, as committed by who had the partition before; 0: nothing is known. */
  private final long from;

  private @Nullable OffsetAndMetadata committed;
  private boolean trusted = true;
  private boolean paused;

  /**
   * A new tenure.
   *
   * @param last what was committed of it, null if nothing
   */
  PartitionFeed(
      Assignment assignment,
      TopicPartition partition,
      int maxRecords,
      long maxBytes,
      @Nullable OffsetAndMetadata last) {
    this.assignment = assignment;
    this.partition = partition;
    this.from = last == null ? 0 : last.offset();
    this.before = points(last);
    this.points = points(last);
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
    this.roomRecords = maxRecords;
    this.roomBytes = maxBytes;
  }

  private static ResumePoints points(@Nullable OffsetAndMetadata last) {
    try {
      return last == null ? new ResumePoints() : ResumePoints.read(last.offset(), last.metadata());
    } catch (IngestException e) {
      LOG.warn("Streams may repeat ends of sounds as sounds: {}", e.getMessage());
      return new ResumePoints();
    }
  }

  Assignment assignment() {
    return assignment;
  }

  TopicPartition partition() {
    return partition;
  }

  CommitLedger ledger() {
    return ledger;
  }

  /** Records of {@code stream} that have arrived and lie before {@code resumeOffset} are done. */
  void settled(StreamId stream, long resumeOffset) {
    ledger.settledBefore(stream, resumeOffset);
    points.settled(stream, Math.min(resumeOffset, ledger.arrivedBefore()));
  }

  /**
   * Whether {@code stream} was done with the record of {@link #next} before this tenure, which
   * reads it again for other streams' sake.
   */
  boolean doneBefore(StreamId stream, long offset) {
    // Before where reading was to begin: these are the offsets of another topic of that name.
    trusted &= offset >= from;
    return trusted && before.done(stream, offset);
  }

  /** Fetched records, in order; they wait here until there is room. */
  void offer(List<ConsumerRecord<byte[], byte[]>> records) {
    waiting.addAll(records);
  }

  /** The next record there is room for, null if none; it stays until {@link #remove}. */
  @Nullable ConsumerRecord<byte[], byte[]> next() {
    return hasRoom() ? waiting.peekFirst() : null;
  }

  /** The record of {@link #next} is no chunk: it takes no room. */
  void remove() {
    waiting.removeFirst();
  }

  /** The record of {@link #next} goes downstream as {@code chunk}. */
  void remove(AudioChunk chunk) {
    waiting.removeFirst();
    roomRecords--;
    roomBytes -= chunk.payload().length;
    ledger.received(chunk.stream(), chunk.recordOffset());
  }

  /** Takes room back; never more than there was, whatever is claimed. */
  void giveBack(int records, long bytes) {
    roomRecords = (int) Math.min(maxRecords, (long) roomRecords + records);
    roomBytes = Math.min(maxBytes, roomBytes + bytes);
  }

  /** True if the consumer should fetch more of it. */
  boolean wantsMore() {
    return waiting.isEmpty() && hasRoom();
  }

  boolean paused() {
    return paused;
  }

  void paused(boolean paused) {
    this.paused = paused;
  }

  /**
   * What to commit, if it differs from what is committed.
   *
   * @param maxChars of its metadata
   */
  Optional<OffsetAndMetadata> toCommit(int maxChars) {
    OptionalLong position = ledger.position();
    OffsetAndMetadata last = committed;
    if (position.isEmpty() || (last != null && position.getAsLong() < last.offset())) {
      return Optional.empty();
    }
    long at = position.getAsLong();
    OffsetAndMetadata next = new OffsetAndMetadata(at, points.write(at, maxChars));
    return next.equals(last) ? Optional.empty() : Optional.of(next);
  }

  void committed(OffsetAndMetadata at) {
    OffsetAndMetadata last = committed;
    if (last == null || at.offset() >= last.offset()) {
      committed = at;
    }
  }

  private boolean hasRoom() {
    return roomRecords > 0 && roomBytes > 0;
  }
}
