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
  /** A piece of work; {@code lane} is used by one thread at a time. */
  interface Work {
    void piece(int lane, int number);
  }

  private @Nullable ExecutorService helpers;

  /** Does pieces 0 to {@code pieces - 1} on at most {@code lanes} threads and waits for all. */
  void run(int lanes, int pieces, Work work) {
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> others = new ArrayList<>();
    for (int lane = 1; lane < Math.min(lanes, pieces); lane++) {
      int mine = lane;
      others.add(helpers().submit(() -> work(work, mine, next, pieces)));
    }
    @Nullable RuntimeException failure = null;
    try {
      work(work, 0, next, pieces);
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

  private static void work(Work work, int lane, AtomicInteger next, int pieces) {
    for (int i = next.getAndIncrement(); i < pieces; i = next.getAndIncrement()) {
      work.piece(lane, i);
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
                  : new ScorerException("scoring failed: " + cause, e);
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
                Thread thread = new Thread(task, "lookaside-scorer-lane");
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
