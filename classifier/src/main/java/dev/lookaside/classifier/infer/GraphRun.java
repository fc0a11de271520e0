package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.Shape;
import dev.lookaside.classifier.graph.Value;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs any graph: fill the inputs' buffers, run, read the outputs' buffers. Sole owner of sessions
 * and buffers, which only grow; for one caller at a time.
 *
 * <p>Several runs of it may go on at the same time, each on a {@link Lane}. A lane costs buffers of
 * its own for what has an entry per window and for all results, and, while it runs, ONNX Runtime's
 * memory for the values of one run. Inputs without windows and the graph's weights are there once;
 * ONNX Runtime's packed copy of the matrices is there once for all lanes, and once more if single
 * runs are shared by all threads as well.
 */
public final class GraphRun implements AutoCloseable {
  /** What is done in a piece of work. */
  @FunctionalInterface
  public interface Work {
    void piece(Lane lane, int number);
  }

  /** The buffers of one thread's runs. Valid for the piece of work that is given it. */
  public final class Lane {
    private final Map<String, FloatBuffer> own = new HashMap<>();
    private @Nullable ModelSession session;

    private Lane() {}

    /** As {@link GraphRun#buffer}; inputs without windows are those of every lane. */
    public FloatBuffer buffer(String name, int windows) {
      FloatBuffer shared = common.get(name);
      if (shared != null) {
        return shared.duplicate();
      }
      int size = size(value(name).shape(), windows);
      FloatBuffer known = own.get(name);
      if (known == null || known.capacity() < size) {
        known = RunBuffers.allocate(size);
        own.put(name, known);
      }
      return known.slice(0, size);
    }

    /**
     * Runs the graph.
     *
     * @throws ScorerException if the device failed
     */
    public void run(int windows) {
      if (session == null) {
        throw new IllegalStateException("a lane runs within a piece of work only");
      }
      Map<String, OnnxTensor> in = new HashMap<>(commonTensors);
      Map<String, OnnxTensor> out = new LinkedHashMap<>();
      List<OnnxTensor> mine = new ArrayList<>();
      try {
        for (Value v : inputs) {
          if (!common.containsKey(v.name())) {
            in.put(v.name(), tensor(v, windows, mine));
          }
        }
        for (Value v : outputs) {
          out.put(v.name(), tensor(v, windows, mine));
        }
        session.run(in, out);
      } catch (OrtException e) {
        throw new ScorerException("no tensors for " + windows + " windows: " + e.getMessage(), e);
      } finally {
        mine.forEach(OnnxTensor::close);
      }
    }

    private OnnxTensor tensor(Value v, int windows, List<OnnxTensor> mine) throws OrtException {
      int[] sizes = v.shape().sizes();
      if (v.shape().batched()) {
        sizes[0] *= windows;
      }
      OnnxTensor tensor = ModelSession.tensor(buffer(v.name(), windows), sizes);
      mine.add(tensor);
      return tensor;
    }
  }

  private final Graph graph;
  private final ModelSession.Memory memory;
  private final DeviceChoice<Map<Integer, ModelSession>> choice;
  private final int threads;
  private final List<Value> inputs;
  private final List<Value> outputs;
  private final Map<String, Value> values = new HashMap<>();
  private final Map<String, FloatBuffer> common = new HashMap<>();
  private final Map<String, OnnxTensor> commonTensors = new HashMap<>();
  private final List<Lane> perLane = new ArrayList<>();
  private final Lanes helpers = new Lanes();

  private GraphRun(
      Graph graph,
      ModelSession.Memory memory,
      DeviceChoice<Map<Integer, ModelSession>> choice,
      int threads)
      throws OrtException {
    this.graph = graph;
    this.memory = memory;
    this.choice = choice;
    this.threads = threads;
    this.inputs = graph.inputs();
    this.outputs = graph.outputs();
    inputs.forEach(v -> values.put(v.name(), v));
    outputs.forEach(v -> values.put(v.name(), v));
    for (Value v : inputs) {
      if (!v.shape().batched()) {
        FloatBuffer buffer = RunBuffers.allocate(size(v.shape(), 1));
        common.put(v.name(), buffer);
        commonTensors.put(v.name(), ModelSession.tensor(buffer, v.shape().sizes()));
      }
    }
    perLane.add(new Lane());
  }

  /**
   * Opens a graph. On a CPU its sessions are opened when they are first needed.
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
    DeviceChoice<Map<Integer, ModelSession>> choice =
        DeviceChoice.open(
            settings.device(), ModelSession.providers(), device -> first(graph, device, memory));
    try {
      return new GraphRun(graph, memory, choice, settings.threads());
    } catch (OrtException e) {
      choice.opened().values().forEach(ModelSession::close);
      throw new ScorerException("no tensors for the inputs: " + e.getMessage(), e);
    }
  }

  /** Sessions by their threads: that of a GPU, or none yet. */
  private static Map<Integer, ModelSession> first(
      Graph graph, Device device, ModelSession.Memory memory) throws OrtException {
    Map<Integer, ModelSession> sessions = new HashMap<>();
    if (device != Device.CPU) {
      sessions.put(1, ModelSession.openOn(graph, device, 1, memory));
    }
    return sessions;
  }

  /** The device and why it was chosen, one line. */
  public String deviceDescription() {
    return choice.description(threads);
  }

  /** CPU or CUDA. */
  public Device device() {
    return choice.device();
  }

  /** Runs that may go on at the same time: a core each, or one on a GPU. */
  public int lanes() {
    return device() == Device.CPU ? threads : 1;
  }

  /**
   * The buffer of an input or output for a number of windows, row-major, position 0, as {@link
   * #run} uses it. An input's values stay until they are written again or the buffer grows; an
   * output's until the next run.
   */
  public FloatBuffer buffer(String name, int windows) {
    return perLane.get(0).buffer(name, windows);
  }

  /**
   * Runs the graph on all threads.
   *
   * @throws ScorerException if the device failed
   */
  public void run(int windows) {
    pieces(1, 1, true, (lane, number) -> lane.run(windows), (lane, number) -> {});
  }

  /**
   * Does pieces 0 to {@code count - 1}, several at the same time, and waits for all. The results of
   * a run are the same bits on any lane and with any number of threads.
   *
   * @param maxLanes that go on at the same time, at most {@link #lanes}
   * @param share whether, if that leaves cores without a lane, all threads share each run; not
   *     worth while for short runs, whose threads would wait for one another
   * @param handIn done for each piece after {@code work}, on the same lane, but for one piece at a
   *     time and in the order of their numbers
   * @throws ScorerException if the device failed
   */
  public void pieces(int count, int maxLanes, boolean share, Work work, Work handIn) {
    int used = Math.max(1, Math.min(count, Math.min(maxLanes, lanes())));
    ModelSession session = session(share && used < lanes() ? threads : 1);
    while (perLane.size() < used) {
      perLane.add(new Lane());
    }
    perLane.forEach(lane -> lane.session = session);
    helpers.run(
        used,
        count,
        (lane, number) -> work.piece(perLane.get(lane), number),
        (lane, number) -> handIn.piece(perLane.get(lane), number));
  }

  private ModelSession session(int ofThreads) {
    return choice
        .opened()
        .computeIfAbsent(
            ofThreads,
            n -> {
              try {
                return ModelSession.openOn(graph, device(), n, memory);
              } catch (OrtException e) {
                throw new ScorerException(
                    "ONNX Runtime cannot open the graph on the CPU: " + e.getMessage(), e);
              }
            });
  }

  private Value value(String name) {
    Value v = values.get(name);
    if (v == null) {
      throw new IllegalArgumentException(
          "value \"" + name + "\": is no input or output of the graph");
    }
    return v;
  }

  private static int size(Shape shape, int windows) {
    if (windows < 1) {
      throw new IllegalArgumentException("windows " + windows + ": must be at least 1");
    }
    return Math.toIntExact(Math.multiplyExact(shape.elements(), shape.batched() ? windows : 1L));
  }

  @Override
  public void close() {
    helpers.close();
    commonTensors.values().forEach(OnnxTensor::close);
    choice.opened().values().forEach(ModelSession::close);
  }
}
