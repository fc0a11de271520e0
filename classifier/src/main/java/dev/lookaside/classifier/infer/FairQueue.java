package dev.lookaside.classifier.infer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Gathers items of many owners into batches by weighted fair turns: the owner whose turn it is
 * gives as many items as its weight, then goes to the end of the line. So an owner with a long
 * backlog delays the others by its share and no more; items of one owner stay in their order. A
 * full batch is due at once, an incomplete one when its oldest item has waited long enough. Pure:
 * time comes in as an argument. Not thread-safe.
 */
final class FairQueue<K, T> {
  /** Of an item, apart from it: it may be remembered when the item is gone. */
  private static final class Arrival {
    private final long sinceNanos;
    private boolean gone;

    Arrival(long sinceNanos) {
      this.sinceNanos = sinceNanos;
    }
  }

  private record Waiting<T>(T item, Arrival arrival) {}

  private static final class Lane<T> {
    private final ArrayDeque<Waiting<T>> items = new ArrayDeque<>();
    private final int weight;

    /** Items it may still give in this turn. */
    private int left;

    Lane(int weight) {
      this.weight = weight;
      this.left = weight;
    }
  }

  private final Map<K, Lane<T>> lanes = new HashMap<>();
  private final ArrayDeque<K> turns = new ArrayDeque<>();
  private final ArrayDeque<Arrival> arrivals = new ArrayDeque<>();
  private final int maxBatch;
  private final long maxDelayNanos;
  private int size;

  /**
   * @param maxBatch items per batch at most
   * @param maxDelayNanos an incomplete batch is due when its oldest item is this old
   */
  FairQueue(int maxBatch, long maxDelayNanos) {
    BatchSettings.check("maxBatch", maxBatch, 1, Integer.MAX_VALUE);
    BatchSettings.check("maxDelayNanos", maxDelayNanos, 0, Long.MAX_VALUE);
    this.maxBatch = maxBatch;
    this.maxDelayNanos = maxDelayNanos;
  }

  /**
   * @param weight items per turn, 1 or more; counts while the owner has items waiting
   */
  void add(K owner, int weight, T item, long nowNanos) {
    Lane<T> lane = lanes.get(owner);
    if (lane == null) {
      lane = new Lane<>(weight);
      lanes.put(owner, lane);
      turns.addLast(owner);
    }
    Arrival arrival = new Arrival(nowNanos);
    lane.items.addLast(new Waiting<>(item, arrival));
    arrivals.addLast(arrival);
    size++;
  }

  /** Whether the owner has items waiting. */
  boolean waits(K owner) {
    return lanes.containsKey(owner);
  }

  /** Drops all items of an owner. */
  void remove(K owner) {
    Lane<T> lane = lanes.remove(owner);
    if (lane != null) {
      turns.remove(owner);
      lane.items.forEach(w -> w.arrival().gone = true);
      size -= lane.items.size();
      trim();
    }
  }

  /** The batch that is due now: full, or aged unless {@code onlyFull}; empty if none is. */
  List<T> poll(boolean onlyFull, long nowNanos) {
    boolean due = size >= maxBatch || !onlyFull && nanosUntilDue(nowNanos) == 0;
    return due ? take() : List.of();
  }

  private List<T> take() {
    List<T> batch = new ArrayList<>(Math.min(maxBatch, size));
    while (batch.size() < maxBatch && size > 0) {
      K owner = turns.removeFirst();
      Lane<T> lane = Objects.requireNonNull(lanes.get(owner), "lane");
      while (lane.left > 0 && !lane.items.isEmpty() && batch.size() < maxBatch) {
        Waiting<T> next = lane.items.removeFirst();
        next.arrival().gone = true;
        lane.left--;
        size--;
        batch.add(next.item());
      }
      if (lane.items.isEmpty()) {
        lanes.remove(owner);
      } else if (lane.left == 0) {
        lane.left = lane.weight;
        turns.addLast(owner);
      } else {
        turns.addFirst(owner); // The batch was full in the middle of its turn.
      }
    }
    trim();
    return batch;
  }

  private void trim() {
    while (!arrivals.isEmpty() && arrivals.getFirst().gone) {
      arrivals.removeFirst();
    }
  }

  /** How long until the oldest item is due: 0 if it is, {@link Long#MAX_VALUE} if none waits. */
  long nanosUntilDue(long nowNanos) {
    Arrival oldest = arrivals.peekFirst();
    return oldest == null
        ? Long.MAX_VALUE
        : Math.max(0, maxDelayNanos - (nowNanos - oldest.sinceNanos));
  }

  /** Arrivals remembered: those of the items that wait, and of some that came after the oldest. */
  int remembered() {
    return arrivals.size();
  }

  /** Items waiting. */
  int size() {
    return size;
  }
}
