package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.Value;
import dev.lookaside.classifier.weights.FloatTensor;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * An ONNX Runtime session over a graph. The weights stay where the backbone has them, usually the
 * mapped file; ONNX Runtime keeps matrices once more, packed for its kernels, per use. Owner: one
 * scorer or {@link GraphRun}.
 */
final class ModelSession implements AutoCloseable {
  /** How a session uses memory from run to run. */
  enum Memory {
    /** In one block, laid out after the first run of each batch size: for few values, often. */
    PLANNED,
    /** As values come and go: where so many are kept that a second layout would be too much. */
    FROM_ARENA,
    /**
     * As from the arena, and matrices are packed anew in each run: slower, by a quarter if small.
     */
    LEAST
  }

  private final OrtSession session;
  private final OrtSession.SessionOptions options;
  private final Map<String, OnnxTensorLike> weights;

  private ModelSession(
      OrtSession session, OrtSession.SessionOptions options, Map<String, OnnxTensorLike> weights) {
    this.session = session;
    this.options = options;
    this.weights = weights;
  }

  /** The process's ONNX Runtime; it says errors only. */
  static OrtEnvironment environment() {
    return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
  }

  /**
   * Opens a session where it is wanted.
   *
   * @param threads that share the work on the CPU
   * @param memory how memory is used from run to run
   * @throws ScorerException if the wanted device cannot be used
   */
  static DeviceChoice<ModelSession> open(Graph graph, Device wanted, int threads, Memory memory) {
    return DeviceChoice.open(wanted, providers(), device -> openOn(graph, device, threads, memory));
  }

  /** Names of the execution providers of this build of ONNX Runtime. */
  static Set<String> providers() {
    Set<String> names = new HashSet<>();
    environment();
    for (OrtProvider p : OrtEnvironment.getAvailableProviders()) {
      names.add(p.name());
    }
    return names;
  }

  /** Opens a session on CPU or CUDA. */
  static ModelSession openOn(Graph written, Device device, int threads, Memory memory)
      throws OrtException {
    Graph graph = device == Device.CPU ? written.stepwise() : written;
    Map<String, OnnxTensorLike> weights = new LinkedHashMap<>();
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    try {
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setMemoryPatternOptimization(memory == Memory.PLANNED);
      options.addConfigEntry("session.disable_prepacking", memory == Memory.LEAST ? "1" : "0");
      // Threads that spin while they wait take the cores from the rest of the pipeline.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      if (device == Device.CUDA) {
        addCuda(options);
      }
      for (Value v : graph.weights()) {
        weights.put(v.name(), tensor(v.weight().orElseThrow()));
      }
      options.addExternalInitializers(weights);
      OrtSession session = environment().createSession(graph.toOnnx(), options);
      return new ModelSession(session, options, weights);
    } catch (OrtException | RuntimeException | LinkageError e) {
      weights.values().forEach(OnnxTensorLike::close);
      options.close();
      throw e;
    }
  }

  private static void addCuda(OrtSession.SessionOptions options) throws OrtException {
    try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(0)) {
      // TF32 would round products to 10 bits: detections must not depend on the device that much.
      cuda.add("use_tf32", "0");
      options.addCUDA(cuda);
    }
  }

  /** A tensor over a weight's own buffer. */
  static OnnxTensor tensor(FloatTensor t) throws OrtException {
    return tensor(t.buffer(), t.shape());
  }

  /** A tensor over a direct buffer, which must outlive it. */
  static OnnxTensor tensor(FloatBuffer direct, int... shape) throws OrtException {
    long[] sizes = Arrays.stream(shape).asLongStream().toArray();
    return OnnxTensor.createTensor(environment(), direct, sizes);
  }

  /** Runs the graph; results land in the buffers of {@code outputs}. */
  void run(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {
    try (OrtSession.Result ignored = session.run(inputs, outputs)) {
      return;
    } catch (OrtException e) {
      throw new ScorerException("ONNX Runtime failed while running: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw new ScorerException("ONNX Runtime cannot close a session: " + e.getMessage(), e);
    } finally {
      options.close();
      weights.values().forEach(OnnxTensorLike::close);
    }
  }
}
