package dev.lookaside.ingest;

import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One assignment of one partition: its streams, which records each is given next, and what may be
 * committed. Pure; not thread-safe.
 *
 * <p>There are two readings. The live one passes every record once, in order; it skips records of a
 * stream that has no room, which is parked from there on. The second one begins again at the oldest
 * record that a parked stream with room needs, gives each such stream its records as far as its
 * room goes, and ends where the live reading is: streams that come so far are live again.
 */
final class PartitionFeed {
  /** Where streams are given what is theirs. */
  interface Outlet {
    void open(StreamFeed feed, long firstOffset);

    void give(StreamFeed feed, StreamMessage.FromSource message, long bytes);

    /** A record of no readable stream. */
    void reject(
        PartitionFeed partition,
        ConsumerRecord<byte[], byte[]> record,
        long bytes,
        Rejection reason);
  }

  /**
   * How much a stream may have under way, and when it is idle.
   *
   * @param readAheadBytes payload that is read ahead while all known streams are parked
   * @param readAheadRecords as above, records from the oldest needed one on: account is kept of
   *     each, however short it is
   */
  record Limits(
      int records, long bytes, long idleMillis, long readAheadBytes, int readAheadRecords) {}

  private record SilenceCheck(long dueMillis, StreamFeed feed) {}

  private final Assignment assignment;
  private final AudioChunkCodec codec;
  private final Limits limits;
  private final Outlet outlet;
  private final CommitLedger ledger = new CommitLedger();
  private final Map<StreamId, StreamFeed> streams = new HashMap<>();

  /** Of records that wait to become dead letters: what they keep in memory. */
  private final Map<Long, Long> letterBytes = new HashMap<>();

  private final PriorityQueue<SilenceCheck> silence =
      new PriorityQueue<>((a, b) -> Long.compare(a.dueMillis(), b.dueMillis()));

  /** Resume points that were committed by a version without {@code lookaside.progress}. */
  private final ResumePoints oldPoints;

  /** Records without a stream up to this one have had their dead letters. */
  private final long lettersThrough;

  private final long begin;
  private long liveOffset;

  /** Newest append time of the partition; 0 before the first record. */
  private long newestMillis;

  private int parked;
  private long aheadBytes;
  private long reportedPosition;

  /** Next record of the reading again; negative while there is none. */
  private long againOffset = -1;

  /**
   * @param begin first record that is read
   * @param progress of the streams that are known
   * @param oldPoints as above
   */
  PartitionFeed(
      Assignment assignment,
      long begin,
      PartitionProgress progress,
      ResumePoints oldPoints,
      AudioChunkCodec codec,
      Limits limits,
      Outlet outlet) {
    this.assignment = assignment;
    this.begin = begin;
    this.liveOffset = begin;
    this.reportedPosition = begin;
    this.oldPoints = oldPoints;
    this.codec = codec;
    this.limits = limits;
    this.outlet = outlet;
    this.lettersThrough = progress.lettersThrough();
    progress
        .streams()
        .forEach(
            (stream, its) ->
                streams.put(
                    stream,
                    new StreamFeed(
                        assignment,
                        stream,
                        its,
                        its.resumeOffset(),
                        limits.records(),
                        limits.bytes())));
  }

  Assignment assignment() {
    return assignment;
  }

  Collection<StreamFeed> streams() {
    return streams.values();
  }

  @Nullable StreamFeed stream(StreamId stream) {
    return streams.get(stream);
  }

  /** A dead letter is durable; how many bytes that frees. */
  long letterWritten(long offset) {
    ledger.release(offset);
    Long bytes = letterBytes.remove(offset);
    return bytes == null ? 0 : bytes;
  }

  /** Bytes of all records that wait to become dead letters. */
  long lettersBytes() {
    return letterBytes.values().stream().mapToLong(Long::longValue).sum();
  }

  int parked() {
    return parked;
  }

  /** The record that the live reading comes to next. */
  long liveOffset() {
    return liveOffset;
  }

  /** Opens the streams that were in the middle of something: one may have to be ended. */
  void openUnfinished() {
    for (StreamFeed feed : streams.values()) {
      if (!feed.ended) {
        outlet.open(feed, feed.nextOffset);
        watchSilence(feed);
      }
    }
  }

  /** The live reading does not find records before {@code offset}: they were deleted. */
  void deletedUntil(long offset) {
    liveOffset = Math.max(liveOffset, offset);
    gone(offset);
    if (offset > ledger.arrivedBefore()) {
      ledger.passed(offset - 1);
    }
  }

  /** Nobody can be given these again, so they hold no position back. */
  private void gone(long beforeOffset) {
    for (StreamId stream : streams.keySet()) {
      ledger.settledBefore(stream, beforeOffset);
    }
  }

  /** The next record of the live reading. */
  void live(ConsumerRecord<byte[], byte[]> record) {
    long offset = record.offset();
    liveOffset = offset + 1;
    newestMillis = Math.max(newestMillis, record.timestamp());
    AudioChunkCodec.Decoded decoded = codec.decode(record);
    StreamId stream = streamOf(decoded);
    boolean stray = decoded instanceof AudioChunkCodec.Rejected && !streams.containsKey(stream);
    if (stream == null || stray) {
      // No stream, or none that has had a chunk: nothing but a dead letter comes of it.
      ledger.passed(offset);
      if (offset > lettersThrough
          && ledger.hold(offset)
          && decoded instanceof AudioChunkCodec.Rejected rejected) {
        letterBytes.put(offset, bytes(record));
        outlet.reject(this, record, bytes(record), rejected.rejection());
      }
    } else {
      StreamFeed feed = streams.get(stream);
      if (feed == null) {
        feed = added(stream, offset);
      }
      if (offset < feed.nextOffset || oldPoints.done(stream, offset)) {
        ledger.passed(offset);
      } else {
        ledger.received(stream, offset);
        if (feed.parked) {
          aheadBytes += bytes(record);
        } else if (feed.hasRoom()) {
          give(feed, record, decoded);
        } else {
          park(feed, offset);
          aheadBytes += bytes(record);
        }
      }
    }
    endSilent();
  }

  private StreamFeed added(StreamId stream, long offset) {
    StreamFeed feed =
        new StreamFeed(assignment, stream, null, offset, limits.records(), limits.bytes());
    streams.put(stream, feed);
    return feed;
  }

  private static @Nullable StreamId streamOf(AudioChunkCodec.Decoded decoded) {
    return decoded instanceof AudioChunkCodec.Chunk chunk
        ? chunk.chunk().stream()
        : ((AudioChunkCodec.Rejected) decoded).stream();
  }

  private static long bytes(ConsumerRecord<byte[], byte[]> record) {
    return record.value() == null ? 0 : record.value().length;
  }

  private void give(
      StreamFeed feed, ConsumerRecord<byte[], byte[]> record, AudioChunkCodec.Decoded decoded) {
    long offset = record.offset();
    boolean again = offset <= feed.givenOffset;
    if (feed.actor == null) {
      outlet.open(feed, offset);
    }
    // By its own records alone, so that its end does not depend on who else is in the partition.
    if (!again
        && !feed.ended
        && feed.givenOffset >= 0
        && record.timestamp() - feed.logTimeMillis > limits.idleMillis()) {
      end(feed);
    }
    feed.nextOffset = offset + 1;
    if (!again) {
      feed.ended = false;
      feed.givenOffset = offset;
      feed.logTimeMillis = record.timestamp();
    }
    watchSilence(feed);
    StreamMessage.FromSource message;
    if (decoded instanceof AudioChunkCodec.Chunk chunk) {
      message = new StreamMessage.Chunk(feed.delivery, chunk.chunk(), record);
    } else {
      AudioChunkCodec.Rejected rejected = (AudioChunkCodec.Rejected) decoded;
      message =
          new StreamMessage.Rejected(
              feed.delivery,
              record,
              rejected.sequence(),
              rejected.sampleOffset(),
              rejected.rejection());
    }
    feed.take(bytes(record));
    outlet.give(feed, message, bytes(record));
  }

  private void end(StreamFeed feed) {
    feed.ended = true;
    outlet.give(feed, new StreamMessage.End(feed.delivery), 0);
  }

  private void watchSilence(StreamFeed feed) {
    if (!feed.watched) {
      feed.watched = true;
      silence.add(new SilenceCheck(feed.logTimeMillis + limits.idleMillis(), feed));
    }
  }

  /** Ends streams of which the partition's append time says that nothing has come for long. */
  private void endSilent() {
    while (!silence.isEmpty() && silence.peek().dueMillis() < newestMillis) {
      StreamFeed feed = silence.remove().feed();
      feed.watched = false;
      if (feed.ended || streams.get(feed.stream) != feed) {
        continue;
      }
      if (feed.parked || feed.catchingUp()) {
        continue; // Records of its own come first; it is watched again with the next one.
      }
      long due = feed.logTimeMillis + limits.idleMillis();
      if (due < newestMillis) {
        if (feed.actor == null) {
          outlet.open(feed, feed.nextOffset);
        }
        end(feed);
      } else {
        watchSilence(feed);
      }
    }
  }

  private void park(StreamFeed feed, long fromOffset) {
    feed.nextOffset = fromOffset;
    if (!feed.parked) {
      feed.parked = true;
      parked++;
    }
    feed.leftOut = true;
  }

  /** The stream is given its records again. */
  void rewind(StreamFeed feed, KafkaSource.Rewind to) {
    feed.delivery = to.delivery();
    feed.goOnFrom(to.progress());
    park(feed, to.fromOffset());
    if (againOffset >= 0 && !anyTakesPart()) {
      againOffset = -1;
    }
    if (to.fromOffset() >= liveOffset) {
      unpark(feed);
      endSilent();
    }
  }

  private void unpark(StreamFeed feed) {
    feed.parked = false;
    feed.leftOut = false;
    feed.nextOffset = Math.max(feed.nextOffset, liveOffset);
    parked--;
    if (parked == 0) {
      aheadBytes = 0;
    }
    watchSilence(feed);
  }

  /**
   * Whether the live reading should stop for a while: no stream that has room is known, and so much
   * has been read ahead that one that is not known yet is unlikely to be near.
   */
  boolean farAhead() {
    if (parked == 0
        || aheadBytes < limits.readAheadBytes()
            && ledger.countedRecords() < limits.readAheadRecords()) {
      return false;
    }
    for (StreamFeed feed : streams.values()) {
      if (!feed.parked && !feed.ended && feed.actor != null) {
        return false;
      }
    }
    return true;
  }

  /**
   * Where a reading again should begin; empty if none should, or one is under way. It is worth it
   * when half of the parked streams have room, or one has nothing left to do.
   */
  OptionalLong startAgain() {
    if (parked == 0 || againOffset >= 0) {
      return OptionalLong.empty();
    }
    int able = 0;
    boolean starving = false;
    long from = Long.MAX_VALUE;
    for (StreamFeed feed : streams.values()) {
      if (feed.parked && feed.hasMuchRoom()) {
        able++;
        starving |= feed.idle();
        from = Math.min(from, feed.nextOffset);
      }
    }
    if (able == 0 || !starving && able * 2 < parked) {
      return OptionalLong.empty();
    }
    for (StreamFeed feed : streams.values()) {
      feed.leftOut = !feed.hasMuchRoom();
    }
    againOffset = from;
    if (againOffset >= liveOffset) {
      finishAgain();
      return OptionalLong.empty();
    }
    return OptionalLong.of(from);
  }

  boolean readingAgain() {
    return againOffset >= 0;
  }

  /** The reading again does not find records before {@code offset}: they were deleted. */
  void againDeletedUntil(long offset) {
    for (StreamFeed feed : streams.values()) {
      if (feed.parked && feed.nextOffset < offset) {
        feed.nextOffset = offset;
      }
    }
    if (againOffset >= 0) {
      againOffset = Math.max(againOffset, offset);
    }
    gone(offset);
  }

  /**
   * The next record of the reading again.
   *
   * @return false if it ends before this record
   */
  boolean again(ConsumerRecord<byte[], byte[]> record) {
    if (againOffset < 0) {
      return false;
    }
    if (record.offset() >= liveOffset) {
      finishAgain();
      return false;
    }
    againOffset = record.offset() + 1;
    AudioChunkCodec.Decoded decoded = codec.decode(record);
    StreamId stream = streamOf(decoded);
    StreamFeed feed = stream == null ? null : streams.get(stream);
    if (feed != null && feed.parked && !feed.leftOut && record.offset() >= feed.nextOffset) {
      if (feed.hasRoom()) {
        give(feed, record, decoded);
      } else {
        feed.nextOffset = record.offset();
        feed.leftOut = true;
        if (!anyTakesPart()) {
          againOffset = -1;
          return false;
        }
      }
    }
    if (againOffset >= liveOffset) {
      finishAgain();
      return false;
    }
    return true;
  }

  /** The reading again has come to a position, beyond what was no record. */
  void againAt(long position) {
    if (againOffset >= 0 && position >= liveOffset) {
      finishAgain();
    }
  }

  private boolean anyTakesPart() {
    for (StreamFeed feed : streams.values()) {
      if (feed.parked && !feed.leftOut) {
        return true;
      }
    }
    return false;
  }

  /** Whoever has come as far as the live reading goes on with it. */
  private void finishAgain() {
    againOffset = -1;
    for (StreamFeed feed : streams.values()) {
      if (feed.parked && !feed.leftOut) {
        unpark(feed);
      }
    }
    endSilent();
  }

  /** Progress of a stream is durable. */
  void settled(StreamFeed feed, StreamProgress progress) {
    feed.progress = progress;
    ledger.settledBefore(feed.stream, progress.resumeOffset());
  }

  /** What may be committed now; where reading began before anything has come. */
  long position() {
    return ledger.position().orElse(begin);
  }

  /** Whether there is anything to commit: more than where reading began. */
  boolean moved() {
    return position() != begin;
  }

  /** What {@link #newPosition} gave last was not committed. */
  void notCommitted() {
    reportedPosition = begin;
  }

  /** The position, if it has changed since this was last asked. */
  OptionalLong newPosition() {
    long position = position();
    if (position == reportedPosition) {
      return OptionalLong.empty();
    }
    reportedPosition = position;
    return OptionalLong.of(position);
  }

  /**
   * A stream whose progress is not needed any more: it has ended, its records will not be read
   * again, and its clock is of no use. Removed from here; null if there is none.
   *
   * @param forgetMillis append time that must have passed since
   */
  @Nullable StreamFeed forgettable(long forgetMillis) {
    for (Iterator<StreamFeed> all = streams.values().iterator(); all.hasNext(); ) {
      StreamFeed feed = all.next();
      if (feed.actor == null
          && feed.ended
          && !feed.parked
          && feed.givenOffset < position()
          && newestMillis > feed.logTimeMillis + forgetMillis) {
        all.remove();
        return feed;
      }
    }
    return null;
  }
}
