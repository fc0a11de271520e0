package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Native memory for one adapter of a shape, and the tensors over it. Adapters of that shape may
 * follow each other in it, between two runs, without taking or giving back memory. One owner.
 */
final class AdapterTensors implements AutoCloseable {
  private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
  private final Map<String, FloatBuffer> buffers = new LinkedHashMap<>();

  private AdapterTensors() {}

  static AdapterTensors of(LoadedAdapter adapter) {
    AdapterTensors tensors = new AdapterTensors();
    try {
      for (Map.Entry<String, LoadedAdapter.Input> e : adapter.inputs().entrySet()) {
        FloatBuffer buffer = RunBuffers.allocate(e.getValue().values().length);
        tensors.buffers.put(e.getKey(), buffer);
        tensors.inputs.put(e.getKey(), ModelSession.tensor(buffer, e.getValue().shape()));
      }
    } catch (OrtException e) {
      tensors.close();
      throw new ScorerException("adapter " + adapter.digest() + " cannot be prepared: " + e, e);
    }
    tensors.load(adapter);
    return tensors;
  }

  /** Takes another adapter of the same run shape in; no run may be under way. */
  void load(LoadedAdapter adapter) {
    buffers.forEach((name, buffer) -> buffer.put(0, adapter.input(name).values()));
  }

  Map<String, OnnxTensor> inputs() {
    return inputs;
  }

  @Override
  public void close() {
    inputs.values().forEach(OnnxTensor::close);
  }
}
