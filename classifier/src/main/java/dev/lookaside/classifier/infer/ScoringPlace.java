package dev.lookaside.classifier.infer;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All native memory that scoring with adapters of one run shape takes: buffers for each lane, and
 * places for adapters, which are used again when there are enough. One owner.
 */
final class ScoringPlace implements AutoCloseable {
  /** More adapters than are usually in force at the same time. */
  private static final int ADAPTERS = 16;

  private final List<RunBuffers> lanes = new ArrayList<>();
  private final LinkedHashMap<LoadedAdapter, AdapterTensors> adapters =
      new LinkedHashMap<>(16, 0.75f, true);

  ScoringPlace(int lanes, Supplier<RunBuffers> buffers) {
    for (int lane = 0; lane < lanes; lane++) {
      this.lanes.add(buffers.get());
    }
  }

  List<RunBuffers> lanes() {
    return lanes;
  }

  /**
   * The tensors of an adapter.
   *
   * @param needed adapters that must keep theirs
   */
  AdapterTensors tensors(LoadedAdapter adapter, Set<LoadedAdapter> needed) {
    AdapterTensors tensors = adapters.get(adapter);
    if (tensors == null) {
      tensors = adapters.size() < ADAPTERS ? null : freed(needed);
      if (tensors == null) {
        tensors = AdapterTensors.of(adapter);
      } else {
        tensors.load(adapter);
      }
      adapters.put(adapter, tensors);
    }
    return tensors;
  }

  private @Nullable AdapterTensors freed(Set<LoadedAdapter> needed) {
    Iterator<Map.Entry<LoadedAdapter, AdapterTensors>> oldestFirst = adapters.entrySet().iterator();
    while (oldestFirst.hasNext()) {
      Map.Entry<LoadedAdapter, AdapterTensors> e = oldestFirst.next();
      if (!needed.contains(e.getKey())) {
        oldestFirst.remove();
        return e.getValue();
      }
    }
    return null;
  }

  @Override
  public void close() {
    lanes.forEach(RunBuffers::close);
    adapters.values().forEach(AdapterTensors::close);
  }
}
