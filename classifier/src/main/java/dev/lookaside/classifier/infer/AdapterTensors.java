package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Native memory for adapters of a run shape, one after the other in slots, and the tensors over it.
 * Adapters of that shape may follow each other in a slot, between two runs, without taking or
 * giving back memory. One owner.
 */
final class AdapterTensors implements AutoCloseable {
  private final Map<String, int[]> shapes = new LinkedHashMap<>();
  private final Map<String, FloatBuffer> buffers = new LinkedHashMap<>();
  private final @Nullable LoadedAdapter[] held;
  private final boolean stacked;
  private final List<@Nullable Map<String, OnnxTensor>> bySlots = new ArrayList<>();

  private AdapterTensors(LoadedAdapter like, int slots, boolean stacked) {
    this.held = new LoadedAdapter[slots];
    this.stacked = stacked;
    like.inputs()
        .forEach(
            (name, input) -> {
              shapes.put(name, input.shape());
              int floats = Math.multiplyExact(slots, input.values().length);
              buffers.put(name, RunBuffers.allocate(floats));
            });
    for (int n = 0; n <= slots; n++) {
      bySlots.add(null);
    }
  }

  /**
   * For one adapter at a time, which is taken in.
   *
   * @param stacked whether the graph is {@link dev.lookaside.classifier.graph.Graph#stacked}
   */
  static AdapterTensors of(LoadedAdapter adapter, boolean stacked) {
    AdapterTensors tensors = new AdapterTensors(adapter, 1, stacked);
    tensors.load(0, adapter);
    return tensors;
  }

  /**
   * For the windows of a run of a stacked graph, an adapter each.
   *
   * @param like an adapter of the run shape; not taken in
   */
  static AdapterTensors forWindows(LoadedAdapter like, int windows) {
    return new AdapterTensors(like, windows, true);
  }

  /** Takes an adapter of the run shape in, if it is not there; no run may be under way. */
  void load(int slot, LoadedAdapter adapter) {
    if (held[slot] != adapter) {
      buffers.forEach(
          (name, buffer) -> {
            float[] values = adapter.input(name).values();
            buffer.put(slot * values.length, values);
          });
      held[slot] = adapter;
    }
  }

  /**
   * The adapters of the first {@code slots} slots as inputs of a run.
   *
   * @throws ScorerException if there can be no tensors
   */
  Map<String, OnnxTensor> inputs(int slots) {
    Map<String, OnnxTensor> known = bySlots.get(slots);
    if (known == null) {
      known = new LinkedHashMap<>();
      bySlots.set(slots, known);
      for (Map.Entry<String, int[]> e : shapes.entrySet()) {
        known.put(e.getKey(), tensor(e.getKey(), e.getValue(), slots));
      }
    }
    return known;
  }

  private OnnxTensor tensor(String name, int[] one, int slots) {
    int[] shape = one;
    if (stacked) {
      shape = new int[one.length + 1];
      shape[0] = slots;
      System.arraycopy(one, 0, shape, 1, one.length);
    }
    FloatBuffer buffer = buffers.get(name);
    if (buffer == null) {
      throw new IllegalArgumentException("input \"" + name + "\": the adapter has none");
    }
    try {
      return ModelSession.tensor(buffer.slice(0, buffer.capacity() / held.length * slots), shape);
    } catch (OrtException e) {
      throw new ScorerException("adapter input " + name + " cannot be prepared: " + e, e);
    }
  }

  @Override
  public void close() {
    for (Map<String, OnnxTensor> tensors : bySlots) {
      if (tensors != null) {
        tensors.values().forEach(OnnxTensor::close);
      }
    }
  }
}
