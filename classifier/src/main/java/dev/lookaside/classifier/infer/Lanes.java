package dev.lookaside.classifier.infer;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Shares pieces of work among a few threads, the caller's included. One caller at a time. */
final class Lanes implements AutoCloseable {
  /** Something done for a piece; a {@code lane} is used by one thread at a time. */
  interface Work {
    void piece(int lane, int number);
  }

  /** The pieces of one call: who does which, and whose turn it is to hand in. */
  private static final class Turns {
    private final int pieces;
    private final Work work;
    private final @Nullable Work handIn;
    private final AtomicInteger next = new AtomicInteger();
    private int inHand;
    private boolean failed;

    Turns(int pieces, Work work, @Nullable Work handIn) {
      this.pieces = pieces;
      this.work = work;
      this.handIn = handIn;
    }

    void work(int lane) {
      boolean done = false;
      try {
        for (int i = next.getAndIncrement(); i < pieces; i = next.getAndIncrement()) {
          work.piece(lane, i);
          if (handIn != null) {
            if (!await(i)) {
              break;
            }
            handIn.piece(lane, i);
            handedIn();
          }
        }
        done = true;
      } finally {
        if (!done) {
          fail();
        }
      }
    }

    /** Waits until all pieces before {@code number} are handed in; false if one failed. */
    private synchronized boolean await(int number) {
      boolean interrupted = false;
      while (inHand < number && !failed) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return !failed;
    }

    private synchronized void handedIn() {
      inHand++;
      notifyAll();
    }

    /** No piece is begun after this. */
    private synchronized void fail() {
      failed = true;
      next.set(pieces);
      notifyAll();
    }
  }

  private @Nullable ExecutorService helpers;

  /**
   * Does pieces 0 to {@code pieces - 1} on at most {@code lanes} threads and waits for all. If one
   * fails, no more are begun and the first failure known is thrown.
   */
  void run(int lanes, int pieces, Work work) {
    run(lanes, new Turns(pieces, work, null));
  }

  /**
   * As the other.
   *
   * @param handIn done for each piece after {@code work}, on the same lane, but for one piece at a
   *     time and in the order of their numbers: what it adds up does not depend on who was quick
   */
  void run(int lanes, int pieces, Work work, Work handIn) {
    run(lanes, new Turns(pieces, work, handIn));
  }

  private void run(int lanes, Turns turns) {
    List<Future<?>> others = new ArrayList<>();
    for (int lane = 1; lane < Math.min(lanes, turns.pieces); lane++) {
      int mine = lane;
      others.add(helpers().submit(() -> turns.work(mine)));
    }
    @Nullable RuntimeException failure = null;
    try {
      turns.work(0);
    } catch (RuntimeException e) {
      failure = e;
    }
    for (Future<?> other : others) {
      failure = joined(other, failure);
    }
    if (failure != null) {
      throw failure;
    }
  }

  /** Waits, whatever happens: the buffers must not be in use when this returns. */
  private static @Nullable RuntimeException joined(
      Future<?> other, @Nullable RuntimeException first) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          other.get();
          return first;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          Throwable cause = e.getCause();
          return first != null
              ? first
              : cause instanceof RuntimeException runtime
                  ? runtime
                  : new ScorerException("a run failed: " + cause, e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private ExecutorService helpers() {
    ExecutorService pool = helpers;
    if (pool == null) {
      pool =
          Executors.newCachedThreadPool(
              task -> {
                Thread thread = new Thread(task, "lookaside-lane");
                thread.setDaemon(true);
                return thread;
              });
      helpers = pool;
    }
    return pool;
  }

  @Override
  public void close() {
    if (helpers != null) {
      helpers.shutdown();
    }
  }
}
