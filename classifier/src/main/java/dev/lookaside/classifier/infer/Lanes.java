package dev.lookaside.classifier.infer;

import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.weights.ViTSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs windows on the cores of a CPU or on one GPU. A CPU with enough windows gives each core a
 * part of them to itself: threads that share a run wait for one another after every operation, and
 * one that the system takes away holds up all. With fewer windows than cores, all cores share each
 * run, for the latency, if the model is large enough to gain by it. Which way a window goes does
 * not change its bits.
 */
final class Lanes implements AutoCloseable {
  /**
   * Tokens per run at which a core is busy and its caches still hold a block's values; more windows
   * are run in parts.
   */
  private static final int CPU_TOKENS_PER_RUN = 300;

  /**
   * Multiplications per window below which threads that share a run lose more by waiting than they
   * gain: some 10 ms of one core.
   */
  private static final long WORTH_SHARING = 1_000_000_000L;

  /** Where windows come from; called by several threads at once. */
  interface Source {
    /** Writes the normalised values of a window, row-major {@code [frames][mels]}. */
    void copy(int window, float[] into);
  }

  /** For all lanes at once; one thread per run where there are several lanes. */
  private final ModelSession session;

  /** All threads on one run; none where that gains nothing. */
  private final @Nullable ModelSession shared;

  private final List<RunBuffers> lanes;
  private final @Nullable ExecutorService threads;

  private Lanes(ModelSession session, @Nullable ModelSession shared, List<RunBuffers> lanes) {
    this.session = session;
    this.shared = shared;
    this.lanes = lanes;
    this.threads =
        lanes.size() == 1 ? null : Executors.newFixedThreadPool(lanes.size() - 1, Lanes::thread);
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "lookaside-scorer-lane");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Opens the sessions.
   *
   * @param maxBatch windows that are given at once, at most
   */
  static Lanes open(
      Graph graph, ModelSpec spec, AdapterTensors tensors, Device device, int threads, int maxBatch)
      throws OrtException {
    int lanes = device == Device.CPU ? Math.min(threads, maxBatch) : 1;
    int windows = maxBatch;
    if (device == Device.CPU) {
      windows = Math.min(windows, Math.max(1, CPU_TOKENS_PER_RUN / spec.tokens()));
    }
    ModelSession session =
        ModelSession.openOn(graph, device, lanes == 1 ? threads : 1, ModelSession.Memory.PLANNED);
    try {
      ModelSession shared =
          lanes > 1 && multiplications(spec) > WORTH_SHARING
              ? ModelSession.openOn(graph, device, threads, ModelSession.Memory.PLANNED)
              : null;
      List<RunBuffers> buffers = new ArrayList<>();
      for (int lane = 0; lane < lanes; lane++) {
        buffers.add(new RunBuffers(spec.adapter(), tensors, windows));
      }
      return new Lanes(session, shared, buffers);
    } catch (OrtException | RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /** Of the blocks' matrices, per window. */
  private static long multiplications(ModelSpec spec) {
    ViTSpec vit = spec.vit();
    return (long) spec.tokens()
        * vit.depth()
        * vit.width()
        * (4L * vit.width() + 2L * vit.mlpWidth());
  }

  /** Logits of each window, in order. */
  float[][] run(int windows, Source source) {
    float[][] logits = new float[windows][];
    if (threads != null && (windows >= lanes.size() || (shared == null && windows > 1))) {
      runOnEachCore(threads, source, logits);
    } else {
      RunBuffers buffers = lanes.get(0);
      for (int from = 0; from < windows; from += buffers.maxWindows()) {
        int until = Math.min(windows, from + buffers.maxWindows());
        runPart(shared == null ? session : shared, buffers, from, until, source, logits);
      }
    }
    return logits;
  }

  private void runOnEachCore(ExecutorService threads, Source source, float[][] logits) {
    int windows = logits.length;
    int share = (windows + lanes.size() - 1) / lanes.size();
    int part = Math.min(share, lanes.get(0).maxWindows());
    AtomicInteger next = new AtomicInteger();
    List<CompletableFuture<Void>> others = new ArrayList<>();
    for (RunBuffers lane : lanes.subList(1, lanes.size())) {
      others.add(
          CompletableFuture.runAsync(() -> runParts(lane, next, part, source, logits), threads));
    }
    CompletableFuture<Void> own = new CompletableFuture<>();
    try {
      runParts(lanes.get(0), next, part, source, logits);
      own.complete(null);
    } catch (RuntimeException e) {
      own.completeExceptionally(e);
    }
    others.add(own);
    try {
      // Also after a failure: the others still use the buffers.
      CompletableFuture.allOf(others.toArray(CompletableFuture[]::new)).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void runParts(
      RunBuffers lane, AtomicInteger next, int part, Source source, float[][] logits) {
    int from = next.getAndAdd(part);
    while (from < logits.length) {
      runPart(session, lane, from, Math.min(logits.length, from + part), source, logits);
      from = next.getAndAdd(part);
    }
  }

  private static void runPart(
      ModelSession session, RunBuffers lane, int from, int until, Source source, float[][] logits) {
    for (int w = from; w < until; w++) {
      source.copy(w, lane.scratch());
      lane.put(w - from);
    }
    lane.run(session, until - from);
    for (int w = from; w < until; w++) {
      logits[w] = lane.logits(w - from);
    }
  }

  @Override
  public void close() {
    if (threads != null) {
      threads.shutdown();
    }
    lanes.forEach(RunBuffers::close);
    if (shared != null) {
      shared.close();
    }
    session.close();
  }
}
