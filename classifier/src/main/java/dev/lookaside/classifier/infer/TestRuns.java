package dev.lookaside.classifier.infer;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Single windows with new adapters, in one session. The native memory of a trial is kept for the
 * next one: Java gives back what a trial took only when it collects garbage, and the C library's
 * heap, from which it came, seldom shrinks then. Thread-safe; trials at the same time have memory
 * of their own. Whoever closes it sees to it that none is under way.
 */
final class TestRuns implements AutoCloseable {
  /** The memory of one trial at a time. */
  private static final class Place implements AutoCloseable {
    private final RunBuffers buffers;
    private final AdapterTensors tensors;

    Place(LoadedAdapter first, boolean stacked) {
      buffers = new RunBuffers(first.runShape(), 1);
      tensors = AdapterTensors.of(first, stacked);
    }

    @Override
    public void close() {
      buffers.close();
      tensors.close();
    }
  }

  private final AtomicReference<@Nullable Place> spare = new AtomicReference<>();
  private final boolean stacked;

  /**
   * @param stacked as in {@link AdapterTensors#of}
   */
  TestRuns(boolean stacked) {
    this.stacked = stacked;
  }

  /**
   * Logits of a window.
   *
   * @param session of the adapter's run shape, the same in every call
   * @param normalised row-major {@code [frames][mels]}, normalised already
   * @return row-major {@code [columns][classes]}
   */
  float[] logits(ModelSession session, LoadedAdapter adapter, float[] normalised) {
    Place place = spare.getAndSet(null);
    if (place == null) {
      place = new Place(adapter, stacked);
    } else {
      place.tensors.load(0, adapter);
    }
    try {
      place.buffers.put(0, normalised, 0);
      place.buffers.run(session, place.tensors.inputs(1), 1);
      return place.buffers.logits(0, adapter.shape().classes());
    } finally {
      if (!spare.compareAndSet(null, place)) {
        place.close();
      }
    }
  }

  @Override
  public void close() {
    Place place = spare.getAndSet(null);
    if (place != null) {
      place.close();
    }
  }
}
