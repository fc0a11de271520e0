package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.AdapterShape;
import java.util.ArrayList;
import java.util.Collections;
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
 * <p>Windows of one adapter are run together, and several such runs go on at the same time: on a
 * CPU a core each, so that eight adapters in a batch cost little more than one, on a GPU side by
 * side.
 */
public final class MixedScorer implements AdapterScorer {
  private static final int SHAPES = 8;
  private static final int WARM_RUNS = 3;

  /** Windows of one adapter for one run; {@code places} are theirs in the batch. */
  private record Part(LoadedAdapter adapter, AdapterTensors tensors, List<Integer> places) {}

  /** Puts window {@code place} of the batch into a slot. */
  private interface Source {
    void put(RunBuffers buffers, int slot, int place);
  }

  /** Takes the logits of window {@code place}; called on several threads, once for each. */
  private interface Sink {
    void take(int place, LoadedAdapter adapter, float[] logits);
  }

  private final BackboneSessions sessions;
  private final LinkedHashMap<AdapterShape, ScoringPlace> places =
      new LinkedHashMap<>(16, 0.75f, true);
  private final Lanes lanes = new Lanes();

  /**
   * @param sessions stay the caller's to close, after this
   * @param first whose session is opened at once, to know early whether the device works
   */
  public MixedScorer(BackboneSessions sessions, LoadedAdapter first) {
    this.sessions = sessions;
    sessions.use(first.runShape()).close();
  }

  /** Scores silence a few times, so that the first live window is as quick as the others. */
  public void warm(LoadedAdapter adapter) {
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
  public float[][] score(List<AdaptedWindow> windows) {
    float[][] posteriors = new float[windows.size()][];
    score(
        windows.stream().map(AdaptedWindow::adapter).toList(),
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
    Map<LoadedAdapter, List<Integer>> byAdapter = new LinkedHashMap<>();
    for (int i = 0; i < adapters.size(); i++) {
      byAdapter.computeIfAbsent(adapters.get(i), a -> new ArrayList<>()).add(i);
    }
    Map<AdapterShape, List<Part>> byShape = new LinkedHashMap<>();
    byAdapter.forEach(
        (adapter, places) -> {
          AdapterTensors its = place(adapter.runShape()).tensors(adapter, byAdapter.keySet());
          byShape
              .computeIfAbsent(adapter.runShape(), s -> new ArrayList<>())
              .addAll(parts(adapter, its, places, adapters.size()));
        });
    byShape.forEach((shape, parts) -> run(shape, parts, source, sink));
    closeOldPlaces(byShape.keySet());
  }

  private List<Part> parts(
      LoadedAdapter adapter, AdapterTensors its, List<Integer> places, int batch) {
    int size = sessions.windowsPerRun(adapter.runShape(), batch);
    List<Part> parts = new ArrayList<>();
    for (int from = 0; from < places.size(); from += size) {
      int until = Math.min(places.size(), from + size);
      parts.add(new Part(adapter, its, places.subList(from, until)));
    }
    return parts;
  }

  private void run(AdapterShape shape, List<Part> parts, Source source, Sink sink) {
    try (BackboneSessions.Use use = sessions.use(shape)) {
      List<RunBuffers> perLane = place(shape).lanes();
      int windows = parts.stream().mapToInt(p -> p.places().size()).sum();
      ModelSession session = use.session(windows < perLane.size());
      lanes.run(
          session == use.session(false) ? perLane.size() : 1,
          parts.size(),
          (lane, p) -> run(session, perLane.get(lane), parts.get(p), source, sink));
    }
  }

  private static void run(
      ModelSession session, RunBuffers buffers, Part part, Source source, Sink sink) {
    int n = part.places().size();
    for (int i = 0; i < n; i++) {
      source.put(buffers, i, part.places().get(i));
    }
    buffers.run(session, part.tensors(), n);
    for (int i = 0; i < n; i++) {
      int classes = part.adapter().shape().classes();
      sink.take(part.places().get(i), part.adapter(), buffers.logits(i, classes));
    }
  }

  private ScoringPlace place(AdapterShape shape) {
    return places.computeIfAbsent(
        shape,
        s ->
            new ScoringPlace(sessions.lanes(), () -> new RunBuffers(s, sessions.windowsPerRun(s))));
  }

  private void closeOldPlaces(Set<AdapterShape> inUse) {
    Iterator<Map.Entry<AdapterShape, ScoringPlace>> oldestFirst = places.entrySet().iterator();
    while (places.size() > SHAPES && oldestFirst.hasNext()) {
      Map.Entry<AdapterShape, ScoringPlace> e = oldestFirst.next();
      if (!inUse.contains(e.getKey())) {
        e.getValue().close();
        oldestFirst.remove();
      }
    }
  }

  @Override
  public void close() {
    lanes.close();
    places.values().forEach(ScoringPlace::close);
  }
}
