package dev.lookaside.classifier.infer;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A bounded queue that gives out batches, oldest first: a full one at once, a smaller one when its
 * oldest item has waited long enough. Pure: time comes in as an argument.
 */
public final class MicroBatcher<T> {
  private record Waiting<T>(T item, long sinceNanos) {}

  private final ArrayDeque<Waiting<T>> queue = new ArrayDeque<>();
  private final int maxBatch;
  private final long maxDelayNanos;
  private final int limit;

  /**
   * @param maxBatch items per batch at most
   * @param maxDelayNanos an incomplete batch is due when its oldest item is this old
   * @param limit items waiting at most
   */
  public MicroBatcher(int maxBatch, long maxDelayNanos, int limit) {
    BatchSettings.check("maxBatch", maxBatch, 1, Integer.MAX_VALUE);
    BatchSettings.check("maxDelayNanos", maxDelayNanos, 0, Long.MAX_VALUE);
    BatchSettings.check("limit", limit, maxBatch, Integer.MAX_VALUE);
    this.maxBatch = maxBatch;
    this.maxDelayNanos = maxDelayNanos;
    this.limit = limit;
  }

  /** Takes an item, or says false if the queue is full. */
  public boolean offer(T item, long nowNanos) {
    if (queue.size() >= limit) {
      return false;
    }
    queue.addLast(new Waiting<>(item, nowNanos));
    return true;
  }

  /** Whether a whole batch waits. */
  public boolean hasFullBatch() {
    return queue.size() >= maxBatch;
  }

  /** The batch that is due now, full or aged; empty if none is. */
  public List<T> poll(long nowNanos) {
    return hasFullBatch() || nanosUntilDue(nowNanos) == 0 ? take() : List.of();
  }

  /** A full batch; empty if fewer items wait. */
  public List<T> pollFull() {
    return hasFullBatch() ? take() : List.of();
  }

  private List<T> take() {
    int n = Math.min(maxBatch, queue.size());
    List<T> batch = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      batch.add(queue.removeFirst().item());
    }
    return batch;
  }

  /** How long until the oldest item is due: 0 if it is, {@link Long#MAX_VALUE} if nothing waits. */
  public long nanosUntilDue(long nowNanos) {
    Waiting<T> oldest = queue.peekFirst();
    if (oldest == null) {
      return Long.MAX_VALUE;
    }
    return Math.max(0, maxDelayNanos - (nowNanos - oldest.sinceNanos()));
  }

  /** Items waiting. */
  public int size() {
    return queue.size();
  }
}
