package dev.lookaside.classifier.infer;

import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The sessions over one backbone, one per architecture of adapters, so that every adapter of an
 * architecture is only another argument of a run. Thread-safe: whoever scores and whoever tries a
 * new adapter share them. Beyond a number of architectures, the session longest unused is closed.
 *
 * <p>A session is opened beside the others: who has one goes on using it meanwhile.
 *
 * <p>A CPU with enough windows gives each core runs of its own: threads that share a run wait for
 * one another after every operation, and one that the system takes away holds up all. With fewer
 * windows than cores, all cores share each run, for the latency, if the model is large enough to
 * gain by it. Which way a window goes does not change its bits.
 */
public final class BackboneSessions implements AutoCloseable {
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

  /**
   * Runs at the same time on a GPU, each of another adapter. A run is some hundred short kernels,
   * and the time goes into starting them, which several threads do side by side.
   */
  private static final int GPU_LANES = 8;

  private static final class Slot {
    /** One thread per run where there are several lanes. */
    private final ModelSession session;

    /** All threads on one run; null where that gains nothing. */
    private final @Nullable ModelSession shared;

    private final TestRuns testRuns;
    private int users;
    private boolean retired;

    Slot(ModelSession session, @Nullable ModelSession shared, boolean stacked) {
      this.session = session;
      this.shared = shared;
      this.testRuns = new TestRuns(stacked);
    }

    void close() {
      testRuns.close();
      session.close();
      if (shared != null) {
        shared.close();
      }
    }
  }

  /** A session in use; it is not closed before this is. */
  final class Use implements AutoCloseable {
    private final Slot slot;

    private Use(Slot slot) {
      this.slot = slot;
    }

    /**
     * The session for some runs: for as many at the same time as there are lanes, or, for fewer
     * windows than that and where it gains anything, for one at a time on all threads.
     */
    ModelSession session(boolean few) {
      ModelSession shared = slot.shared;
      return few && shared != null ? shared : slot.session;
    }

    /** As {@link AdapterTestRun#logits}; on any thread. */
    float[] logits(LoadedAdapter adapter, float[] normalised) {
      return slot.testRuns.logits(slot.session, adapter, normalised);
    }

    @Override
    public void close() {
      giveBack(slot);
    }
  }

  /** Opens a session on a device, with so many threads per run. */
  interface Opener {
    ModelSession open(Graph graph, Device on, int threads) throws OrtException;
  }

  private final Backbone backbone;
  private final ScorerSettings settings;
  private final int maxArchitectures;
  private final Opener opener;

  /** Held by who opens a session, which may take seconds; taken before this object's own lock. */
  private final ReentrantLock opening = new ReentrantLock();

  private final LinkedHashMap<AdapterShape, Slot> slots = new LinkedHashMap<>(8, 0.75f, true);
  private @Nullable Device device;
  private String description = "";
  private boolean closed;
  private long renewals;

  /**
   * Opens nothing yet.
   *
   * @param maxArchitectures sessions kept open at most, beyond those in use
   */
  public BackboneSessions(Backbone backbone, ScorerSettings settings, int maxArchitectures) {
    this(
        backbone,
        settings,
        maxArchitectures,
        (graph, on, threads) ->
            ModelSession.openOn(graph, on, threads, ModelSession.Memory.PLANNED));
  }

  BackboneSessions(
      Backbone backbone, ScorerSettings settings, int maxArchitectures, Opener opener) {
    this.opener = opener;
    this.backbone = backbone;
    this.settings = settings;
    this.maxArchitectures = maxArchitectures;
  }

  public Backbone backbone() {
    return backbone;
  }

  ScorerSettings settings() {
    return settings;
  }

  /**
   * The session for a shape, opened if there is none.
   *
   * @throws ScorerException if the configured device cannot be used, or this is closed
   */
  Use use(AdapterShape runShape) {
    Use use = known(runShape);
    if (use != null) {
      return use;
    }
    opening.lock();
    try {
      // Another may have opened it meanwhile; or all were renewed while this one was opened.
      for (use = known(runShape); use == null; use = known(runShape)) {
        open(runShape);
      }
      return use;
    } finally {
      opening.unlock();
    }
  }

  private synchronized @Nullable Use known(AdapterShape runShape) {
    if (closed) {
      throw new ScorerException("the sessions of backbone " + backbone.digest() + " are closed");
    }
    Slot slot = slots.get(runShape);
    if (slot == null) {
      return null;
    }
    slot.users++;
    closeSpare();
    return new Use(slot);
  }

  private void open(AdapterShape runShape) {
    ModelSpec spec = new ModelSpec(backbone.spec(), runShape, false);
    Device known;
    long renewalsBefore;
    synchronized (this) {
      known = device;
      renewalsBefore = renewals;
    }
    Graph graph = VitLoaa.build(spec, backbone);
    DeviceChoice<Slot> choice =
        DeviceChoice.open(
            known == null ? settings.device() : known,
            ModelSession.providers(),
            on -> open(graph, spec, on));
    opened(runShape, choice, renewalsBefore);
  }

  private synchronized void opened(
      AdapterShape runShape, DeviceChoice<Slot> choice, long renewalsBefore) {
    if (closed || renewals != renewalsBefore) {
      choice.opened().close();
      return;
    }
    if (device == null) {
      device = choice.device();
      description = choice.description(settings.threads());
    }
    slots.put(runShape, choice.opened());
  }

  private Slot open(Graph written, ModelSpec spec, Device on) throws OrtException {
    Graph graph = stacked(on) ? written.stacked() : written;
    int lanes = lanes(on);
    int threads = settings.threads();
    ModelSession session = opener.open(graph, on, lanes == 1 ? threads : 1);
    try {
      boolean share = on == Device.CPU && lanes > 1 && spec.multiplications() > WORTH_SHARING;
      return new Slot(session, share ? opener.open(graph, on, threads) : null, stacked(on));
    } catch (OrtException | RuntimeException e) {
      session.close();
      throw e;
    }
  }

  private int lanes(Device on) {
    return Math.min(on == Device.CPU ? settings.threads() : GPU_LANES, settings.maxBatch());
  }

  /** Runs that may go on at the same time; known once a session was opened. */
  synchronized int lanes() {
    return lanes(chosen());
  }

  /** On a GPU this has not been tried. */
  private static boolean stacked(Device on) {
    return on == Device.CPU;
  }

  /** Whether the windows of a run may have an adapter each; known once a session was opened. */
  synchronized boolean stacked() {
    return stacked(chosen());
  }

  /** Windows given to a run at most; known once a session was opened. */
  synchronized int windowsPerRun(AdapterShape runShape) {
    return chosen() == Device.CPU
        ? Math.min(settings.maxBatch(), Math.max(1, CPU_TOKENS_PER_RUN / tokens(runShape)))
        : settings.maxBatch();
  }

  /**
   * Windows of one adapter given to a run, of a batch of so many: a GPU takes them all, on a CPU
   * every core gets some.
   */
  synchronized int windowsPerRun(AdapterShape runShape, int batch) {
    int lanes = lanes(chosen());
    int share = chosen() == Device.CPU ? (batch + lanes - 1) / lanes : batch;
    return Math.min(windowsPerRun(runShape), share);
  }

  private int tokens(AdapterShape runShape) {
    return new ModelSpec(backbone.spec(), runShape, false).tokens();
  }

  /** The device and why it was chosen, one line; empty before the first session. */
  synchronized String deviceDescription() {
    return description;
  }

  /** Opens a session that also gives a block's attention; the caller closes it. */
  ModelSession openWithAttention(AdapterShape runShape, int block) throws OrtException {
    ModelSpec spec = new ModelSpec(backbone.spec(), runShape, OptionalInt.of(block));
    Graph graph = VitLoaa.build(spec, backbone);
    return ModelSession.openOn(
        stacked() ? graph.stacked() : graph,
        chosen(),
        settings.threads(),
        ModelSession.Memory.PLANNED);
  }

  private synchronized Device chosen() {
    if (device == null) {
      throw new ScorerException("no session is open yet");
    }
    return device;
  }

  /** Lets go of all sessions, after the device failed: the next use opens anew. */
  public synchronized void renew() {
    List<Slot> old = new ArrayList<>(slots.values());
    slots.clear();
    device = null;
    renewals++;
    old.forEach(BackboneSessions::retire);
  }

  private static void retire(Slot slot) {
    slot.retired = true;
    if (slot.users == 0) {
      slot.close();
    }
  }

  private synchronized void giveBack(Slot slot) {
    slot.users--;
    if (slot.retired) {
      if (slot.users == 0) {
        slot.close();
      }
    } else {
      closeSpare();
    }
  }

  private void closeSpare() {
    Iterator<Slot> oldestFirst = slots.values().iterator();
    while (slots.size() > maxArchitectures && oldestFirst.hasNext()) {
      Slot slot = oldestFirst.next();
      if (slot.users == 0) {
        oldestFirst.remove();
        slot.close();
      }
    }
  }

  /** Closes the sessions; one in use when its run is over. */
  @Override
  public synchronized void close() {
    closed = true;
    renew();
  }
}
