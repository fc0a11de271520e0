package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs any graph: fill the inputs' buffers, run, read the outputs' buffers. Sole owner of session
 * and buffers, which only grow; for one caller at a time.
 */
public final class GraphRun implements AutoCloseable {
  private final DeviceChoice<ModelSession> choice;
  private final int threads;
  private final List<Value> inputs;
  private final List<Value> outputs;
  private final Map<String, Value> values = new HashMap<>();
  private final Map<String, FloatBuffer> buffers = new HashMap<>();

  private GraphRun(Graph graph, DeviceChoice<ModelSession> choice, int threads) {
    this.choice = choice;
    this.threads = threads;
    this.inputs = graph.inputs();
    this.outputs = graph.outputs();
    inputs.forEach(v -> values.put(v.name(), v));
    outputs.forEach(v -> values.put(v.name(), v));
  }

  /**
   * Opens a session.
   *
   * @param settings device and threads; the batch size is up to each run
   * @throws ScorerException if the configured device cannot be used
   */
  public static GraphRun open(Graph graph, ScorerSettings settings) {
    return open(graph, settings, ModelSession.Memory.FROM_ARENA);
  }

  /** As {@link #open}, slower and with no second copy of the matrices. */
  public static GraphRun openSmall(Graph graph, ScorerSettings settings) {
    return open(graph, settings, ModelSession.Memory.LEAST);
  }

  private static GraphRun open(Graph graph, ScorerSettings settings, ModelSession.Memory memory) {
    int threads = settings.threads();
    return new GraphRun(
        graph, ModelSession.open(graph, settings.device(), threads, memory), threads);
  }

  /** The device and why it was chosen, one line. */
  public String deviceDescription() {
    return choice.description(threads);
  }

  /** CPU or CUDA. */
  public Device device() {
    return choice.device();
  }

  /**
   * The buffer of an input or output for a number of windows, row-major, position 0. An input's
   * values stay until they are written again or the buffer grows; an output's until the next run.
   */
  public FloatBuffer buffer(String name, int windows) {
    Value v = values.get(name);
    if (v == null) {
      throw new IllegalArgumentException(
          "value \"" + name + "\": is no input or output of the graph");
    }
    int size = size(v.shape(), windows);
    FloatBuffer known = buffers.get(name);
    if (known == null || known.capacity() < size) {
      known = RunBuffers.allocate(size);
      buffers.put(name, known);
    }
    return known.slice(0, size);
  }

  private static int size(Shape shape, int windows) {
    if (windows < 1) {
      throw new IllegalArgumentException("windows " + windows + ": must be at least 1");
    }
    return Math.toIntExact(Math.multiplyExact(shape.elements(), shape.batched() ? windows : 1L));
  }

  /**
   * Runs the graph.
   *
   * @throws ScorerException if the device failed
   */
  public void run(int windows) {
    Map<String, OnnxTensor> in = new LinkedHashMap<>();
    Map<String, OnnxTensor> out = new LinkedHashMap<>();
    try {
      for (Value v : inputs) {
        in.put(v.name(), tensor(v, windows));
      }
      for (Value v : outputs) {
        out.put(v.name(), tensor(v, windows));
      }
      choice.opened().run(in, out);
    } catch (OrtException e) {
      throw new ScorerException("no tensors for " + windows + " windows: " + e.getMessage(), e);
    } finally {
      in.values().forEach(OnnxTensor::close);
      out.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor tensor(Value v, int windows) throws OrtException {
    int[] sizes = v.shape().sizes();
    if (v.shape().batched()) {
      sizes[0] *= windows;
    }
    return ModelSession.tensor(buffer(v.name(), windows), sizes);
  }

  @Override
  public void close() {
    choice.opened().close();
  }
}
