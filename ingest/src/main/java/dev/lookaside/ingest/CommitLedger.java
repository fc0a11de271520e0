package dev.lookaside.ingest;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeSet;

/**
 * Up to which offset one partition may be committed: before it lies no record that a stream still
 * needs or that waits to become a dead letter. Pure; not thread-safe. Every operation costs
 * amortised constant time per record, memory grows only with records from the oldest needed one on.
 *
 * <p>Records count by order of arrival, so offsets missing from the log (compacted, transaction
 * markers) cost nothing.
 */
public final class CommitLedger {
  private static final long NONE = -1;

  /** Offsets in order of arrival from the oldest needed one on; settled ones as complement. */
  private final LongRing arrived = new LongRing();

  /** Per stream with unsettled records: their places in {@link #arrived}, rising. */
  private final Map<StreamId, LongRing> unsettled = new HashMap<>();

  private final TreeSet<Long> held = new TreeSet<>();

  private long firstPlace;
  private long lastOffset = NONE;

  /**
   * A record of {@code stream} has arrived and is needed until settled.
   *
   * @throws IngestException if {@code offset} does not lie after all before it
   */
  public void received(StreamId stream, long offset) {
    arrive(offset);
    arrived.add(offset);
    unsettled.computeIfAbsent(stream, s -> new LongRing()).add(firstPlace + arrived.size() - 1);
  }

  /** A record has arrived that no stream needs. */
  public void passed(long offset) {
    arrive(offset);
  }

  /** Records of {@code stream} that have arrived and lie before {@code resumeOffset} are done. */
  public void settledBefore(StreamId stream, long resumeOffset) {
    LongRing places = unsettled.get(stream);
    if (places == null) {
      return;
    }
    while (!places.isEmpty()) {
      int index = (int) (places.first() - firstPlace);
      long offset = arrived.get(index);
      if (offset >= resumeOffset) {
        break;
      }
      arrived.set(index, ~offset);
      places.removeFirst();
    }
    if (places.isEmpty()) {
      unsettled.remove(stream);
    }
    while (!arrived.isEmpty() && arrived.first() < 0) {
      arrived.removeFirst();
      firstPlace++;
    }
  }

  /**
   * Keeps the position at or before {@code offset} until {@link #release}.
   *
   * @return false if it was held already
   */
  public boolean hold(long offset) {
    return held.add(offset);
  }

  /** Ends {@link #hold}; does nothing if it was not held. */
  public void release(long offset) {
    held.remove(offset);
  }

  /** The offset to commit, the first record to be read again; empty before the first arrival. */
  public OptionalLong position() {
    if (lastOffset == NONE) {
      return OptionalLong.empty();
    }
    long needed = arrived.isEmpty() ? lastOffset + 1 : arrived.first();
    return OptionalLong.of(held.isEmpty() ? needed : Math.min(needed, held.first()));
  }

  /** The offset behind the newest record that has arrived; 0 before the first. */
  long arrivedBefore() {
    return lastOffset + 1;
  }

  /** Streams with records that are not settled. */
  public int unsettledStreams() {
    return unsettled.size();
  }

  /** Records kept count of: those from the oldest unsettled one on. */
  public int countedRecords() {
    return arrived.size();
  }

  private void arrive(long offset) {
    if (offset <= lastOffset) {
      throw new IngestException("record offset " + offset + ": must lie after " + lastOffset);
    }
    lastOffset = offset;
  }
}
