package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import dev.lookaside.classifier.weights.AdapterShape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Scores windows of any adapters over one backbone. For one caller at a time. On a CPU the results
 * of a window are the same bits alone or in any batch, with any neighbours, and for any number of
 * threads.
 *
 * <p>Windows of one adapter are run together, and several runs go on at the same time: on a CPU a
 * core each, on a GPU side by side. On a CPU what is left over of several adapters of a shape
 * shares runs, an adapter per window, so that eight adapters in a batch cost little more than one.
 */
public final class MixedScorer implements AdapterScorer {
  private static final int SHAPES = 8;
  private static final int WARM_RUNS = 3;

  /** A window of the batch. */
  private record Placed(int place, LoadedAdapter adapter) {}

  /** Windows for one run; {@code inputs} is one adapter for all, or one for each. */
  private record Part(List<Placed> windows, Map<String, OnnxTensor> inputs) {}

  /** Puts window {@code place} of the batch into a slot. */
  private interface Source {
    void put(RunBuffers buffers, int slot, int place);
  }

  /** Takes the logits of window {@code place}; called on several threads, once for each. */
  private interface Sink {
    void take(int place, LoadedAdapter adapter, float[] logits);
  }

  private final BackboneSessions sessions;
  private final LinkedHashMap<AdapterShape, ScoringBuffers> places =
      new LinkedHashMap<>(16, 0.75f, true);
  private final Lanes lanes = new Lanes();
  private boolean warmed;

  /**
   * @param sessions stay the caller's to close, after this
   * @param first whose session is opened at once, to know early whether the device works
   */
  public MixedScorer(BackboneSessions sessions, LoadedAdapter first) {
    this.sessions = sessions;
    sessions.use(first.runShape()).close();
  }

  /**
   * Scores silence a few times, so that the first live window is as quick as the others; and from
   * then on takes the memory of batches with several adapters before they come.
   */
  public void warm(LoadedAdapter adapter) {
    warmed = true;
    AdapterShape shape = adapter.shape();
    float[] silence = new float[shape.windowFrames() * shape.mels()];
    for (int i = 0; i < WARM_RUNS; i++) {
      logits(adapter, silence, 1);
    }
  }

  @Override
  public String deviceDescription() {
    return sessions.deviceDescription();
  }

  @Override
  public float[][] score(List<? extends Input> windows) {
    float[][] posteriors = new float[windows.size()][];
    score(
        windows.stream().map(Input::adapter).toList(),
        (buffers, slot, i) -> buffers.put(slot, windows.get(i).window(), windows.get(i).adapter()),
        (i, adapter, logits) ->
            posteriors[i] = Posteriors.of(adapter.activation(), logits, adapter.shape().classes()));
    return posteriors;
  }

  /**
   * Logits of windows that are normalised already.
   *
   * @param normalised row-major {@code [batch][frames][mels]}
   * @return per window, row-major {@code [columns][classes]}
   */
  float[][] logits(LoadedAdapter adapter, float[] normalised, int batch) {
    float[][] found = new float[batch][];
    score(
        Collections.nCopies(batch, adapter),
        (buffers, slot, i) -> buffers.put(slot, normalised, i),
        (i, its, logits) -> found[i] = logits);
    return found;
  }

  private void score(List<LoadedAdapter> adapters, Source source, Sink sink) {
    Map<AdapterShape, Map<LoadedAdapter, List<Placed>>> byShape = new LinkedHashMap<>();
    for (int i = 0; i < adapters.size(); i++) {
      LoadedAdapter adapter = adapters.get(i);
      byShape
          .computeIfAbsent(adapter.runShape(), s -> new LinkedHashMap<>())
          .computeIfAbsent(adapter, a -> new ArrayList<>())
          .add(new Placed(i, adapter));
    }
    byShape.forEach(
        (shape, byAdapter) ->
            run(
                shape,
                parts(place(shape), byAdapter, sessions.windowsPerRun(shape, adapters.size())),
                source,
                sink));
    closeOldPlaces(byShape.keySet());
  }

  /**
   * Full runs of one adapter each. What is left over of several is sorted by adapter, so that in
   * the next batch each finds itself where it was, and shared out evenly.
   */
  private List<Part> parts(
      ScoringBuffers place, Map<LoadedAdapter, List<Placed>> byAdapter, int size) {
    List<Part> parts = new ArrayList<>();
    List<Placed> rest = new ArrayList<>();
    // Batches beyond the configured size are not expected and share runs in smaller parts.
    AdapterShape shape = byAdapter.keySet().iterator().next().runShape();
    int maxBatch = sessions.settings().maxBatch();
    int most = sessions.windowsPerRun(shape, maxBatch);
    int mixed = Math.min(size, most);
    boolean mixes = sessions.stacked() && mixed > 1;
    if (warmed && sessions.stacked() && most > 1) {
      place.reserve((maxBatch + most - 1) / most, byAdapter.keySet().iterator().next(), most);
    }
    byAdapter.forEach(
        (adapter, windows) -> {
          int full = mixes ? windows.size() / size * size : windows.size();
          for (int from = 0; from < full; from += size) {
            int until = Math.min(full, from + size);
            parts.add(alone(place, windows.subList(from, until), byAdapter.keySet()));
          }
          rest.addAll(windows.subList(full, windows.size()));
        });
    rest.sort(Comparator.comparing(w -> w.adapter().digest()));
    int runs = (rest.size() + mixed - 1) / mixed;
    for (int run = 0; run < runs; run++) {
      List<Placed> windows = rest.subList(run * rest.size() / runs, (run + 1) * rest.size() / runs);
      List<LoadedAdapter> adapters = windows.stream().map(Placed::adapter).toList();
      parts.add(
          Set.copyOf(adapters).size() == 1
              ? alone(place, windows, byAdapter.keySet())
              : new Part(windows, place.mixed(run, adapters, most).inputs(adapters.size())));
    }
    return parts;
  }

  private static Part alone(ScoringBuffers place, List<Placed> windows, Set<LoadedAdapter> needed) {
    return new Part(windows, place.tensors(windows.get(0).adapter(), needed).inputs(1));
  }

  private void run(AdapterShape shape, List<Part> parts, Source source, Sink sink) {
    try (BackboneSessions.Use use = sessions.use(shape)) {
      List<RunBuffers> perLane = place(shape).lanes();
      int windows = parts.stream().mapToInt(p -> p.windows().size()).sum();
      ModelSession session = use.session(windows < perLane.size());
      lanes.run(
          session == use.session(false) ? perLane.size() : 1,
          parts.size(),
          (lane, p) -> run(session, perLane.get(lane), parts.get(p), source, sink));
    }
  }

  private static void run(
      ModelSession session, RunBuffers buffers, Part part, Source source, Sink sink) {
    int n = part.windows().size();
    for (int i = 0; i < n; i++) {
      source.put(buffers, i, part.windows().get(i).place());
    }
    buffers.run(session, part.inputs(), n);
    for (int i = 0; i < n; i++) {
      Placed window = part.windows().get(i);
      int classes = window.adapter().shape().classes();
      sink.take(window.place(), window.adapter(), buffers.logits(i, classes));
    }
  }

  private ScoringBuffers place(AdapterShape shape) {
    return places.computeIfAbsent(
        shape,
        s ->
            new ScoringBuffers(
                sessions.lanes(),
                sessions.stacked(),
                () -> new RunBuffers(s, sessions.windowsPerRun(s))));
  }

  private void closeOldPlaces(Set<AdapterShape> inUse) {
    Iterator<Map.Entry<AdapterShape, ScoringBuffers>> oldestFirst = places.entrySet().iterator();
    while (places.size() > SHAPES && oldestFirst.hasNext()) {
      Map.Entry<AdapterShape, ScoringBuffers> e = oldestFirst.next();
      if (!inUse.contains(e.getKey())) {
        e.getValue().close();
        oldestFirst.remove();
      }
    }
  }

  @Override
  public void close() {
    lanes.close();
    places.values().forEach(ScoringBuffers::close);
  }
}
