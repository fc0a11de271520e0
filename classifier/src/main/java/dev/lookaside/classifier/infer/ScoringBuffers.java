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
final class ScoringBuffers implements AutoCloseable {
  /** More adapters than are usually in force at the same time. */
  private static final int ADAPTERS = 16;

  private final List<RunBuffers> lanes = new ArrayList<>();
  private final boolean stacked;
  private final LinkedHashMap<LoadedAdapter, AdapterTensors> adapters =
      new LinkedHashMap<>(16, 0.75f, true);
  private final List<AdapterTensors> mixed = new ArrayList<>();

  /**
   * @param stacked as in {@link AdapterTensors#of}
   */
  ScoringBuffers(int lanes, boolean stacked, Supplier<RunBuffers> buffers) {
    this.stacked = stacked;
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
        tensors = AdapterTensors.of(adapter, stacked);
      } else {
        tensors.load(0, adapter);
      }
      adapters.put(adapter, tensors);
    }
    return tensors;
  }

  /**
   * The tensors of a run in which every window has its adapter. They stay until the same run of a
   * later batch has others; adapters that stand in the same place again are not copied.
   *
   * @param run number of the run among those of a batch
   * @param most windows in any such run
   */
  AdapterTensors mixed(int run, List<LoadedAdapter> perWindow, int most) {
    reserve(run + 1, perWindow.get(0), most);
    AdapterTensors tensors = mixed.get(run);
    for (int i = 0; i < perWindow.size(); i++) {
      tensors.load(i, perWindow.get(i));
    }
    return tensors;
  }

  /**
   * Takes the memory of so many such runs. Taken when the first windows come, it is no surprise
   * when adapters change.
   *
   * @param like an adapter of the shape
   */
  void reserve(int runs, LoadedAdapter like, int most) {
    while (mixed.size() < runs) {
      mixed.add(AdapterTensors.forWindows(like, most));
    }
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
    mixed.forEach(AdapterTensors::close);
  }
}
