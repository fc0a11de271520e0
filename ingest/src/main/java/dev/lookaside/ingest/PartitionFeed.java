package dev.lookaside.ingest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What {@link KafkaSource} knows of one tenure of one partition: room downstream, records that wait
 * for room, and what may be committed. Pure; not thread-safe.
 *
 * <p>A record leaves while there is room for at least one record and one byte, so a record larger
 * than all the room still passes, alone.
 */
final class PartitionFeed {
  private final Assignment assignment;
  private final TopicPartition partition;
  private final int maxRecords;
  private final long maxBytes;
  private final CommitLedger ledger = new CommitLedger();
  private final Deque<ConsumerRecord<byte[], byte[]>> waiting = new ArrayDeque<>();
  private int roomRecords;
  private long roomBytes;
  private long committed = -1;
  private boolean paused;

  PartitionFeed(Assignment assignment, TopicPartition partition, int maxRecords, long maxBytes) {
    this.assignment = assignment;
    this.partition = partition;
    this.maxRecords = maxRecords;
    this.maxBytes = maxBytes;
    this.roomRecords = maxRecords;
    this.roomBytes = maxBytes;
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

  /** The position to commit if it differs from what is committed. */
  OptionalLong toCommit() {
    OptionalLong position = ledger.position();
    boolean ahead = position.isPresent() && position.getAsLong() > committed;
    return ahead ? position : OptionalLong.empty();
  }

  void committed(long position) {
    committed = Math.max(committed, position);
  }

  private boolean hasRoom() {
    return roomRecords > 0 && roomBytes > 0;
  }
}
