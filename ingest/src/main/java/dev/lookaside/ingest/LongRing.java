package dev.lookaside.ingest;

import java.util.Arrays;

/** A growing queue of longs with access by index, without boxing. */
final class LongRing {
  private static final int SMALLEST = 8;

  /** Capacity is always a power of two. */
  private long[] ring = new long[SMALLEST];

  private int head;
  private int size;

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  /** The oldest; only if not empty. */
  long first() {
    return ring[head];
  }

  long get(int index) {
    return ring[head + index & ring.length - 1];
  }

  void set(int index, long value) {
    ring[head + index & ring.length - 1] = value;
  }

  void add(long value) {
    if (size == ring.length) {
      resize(size * 2);
    }
    ring[head + size & ring.length - 1] = value;
    size++;
  }

  void removeFirst() {
    head = head + 1 & ring.length - 1;
    size--;
    // An idle stream must not keep the memory of its busiest minute.
    if (ring.length > SMALLEST && size < ring.length / 8) {
      resize(ring.length / 4);
    }
  }

  private void resize(int capacity) {
    long[] next = new long[Math.max(SMALLEST, capacity)];
    int untilWrap = Math.min(size, ring.length - head);
    System.arraycopy(ring, head, next, 0, untilWrap);
    System.arraycopy(ring, 0, next, untilWrap, size - untilWrap);
    ring = next;
    head = 0;
  }

  @Override
  public String toString() {
    long[] all = new long[size];
    Arrays.setAll(all, this::get);
    return Arrays.toString(all);
  }
}
