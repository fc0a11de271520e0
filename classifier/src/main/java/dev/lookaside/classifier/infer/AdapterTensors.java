package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.weights.FloatTensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** A loaded adapter as tensors over its own memory. One owner closes them. */
final class AdapterTensors implements AutoCloseable {
  private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();

  private AdapterTensors() {}

  static AdapterTensors of(LoadedAdapter adapter) {
    AdapterTensors tensors = new AdapterTensors();
    try {
      for (Map.Entry<String, FloatTensor> e : adapter.inputs().entrySet()) {
        tensors.inputs.put(e.getKey(), ModelSession.tensor(e.getValue()));
      }
      return tensors;
    } catch (OrtException e) {
      tensors.close();
      throw new ScorerException("adapter " + adapter.digest() + " cannot be prepared: " + e, e);
    }
  }

  Map<String, OnnxTensor> inputs() {
    return inputs;
  }

  @Override
  public void close() {
    inputs.values().forEach(OnnxTensor::close);
  }
}
