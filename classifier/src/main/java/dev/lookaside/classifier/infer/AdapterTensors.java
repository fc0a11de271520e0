package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.Site;
import java.util.LinkedHashMap;
import java.util.Map;

/** An adapter as the graph's inputs, in native memory; convolutions packed. */
final class AdapterTensors implements AutoCloseable {
  private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();

  private AdapterTensors() {}

  static AdapterTensors of(Adapter adapter) {
    AdapterTensors tensors = new AdapterTensors();
    AdapterShape shape = adapter.shape();
    try {
      for (int b = 0; b < shape.blocks(); b++) {
        for (Site site : Site.values()) {
          if (shape.at(b, site).isPresent()) {
            tensors.put(Adapter.convName(b, site, "down"), adapter.down(b, site));
            tensors.put(Adapter.convName(b, site, "up"), adapter.up(b, site));
          }
        }
      }
      for (String name :
          new String[] {"head.norm.weight", "head.norm.bias", "head.fc.weight", "head.fc.bias"}) {
        tensors.put(name, adapter.tensor(name));
      }
      return tensors;
    } catch (OrtException e) {
      tensors.close();
      throw new ScorerException("adapter " + adapter.digest() + " cannot be prepared: " + e, e);
    }
  }

  private void put(String name, FloatTensor tensor) throws OrtException {
    inputs.put(name, ModelSession.tensor(tensor));
  }

  Map<String, OnnxTensor> inputs() {
    return inputs;
  }

  @Override
  public void close() {
    inputs.values().forEach(OnnxTensor::close);
  }
}
