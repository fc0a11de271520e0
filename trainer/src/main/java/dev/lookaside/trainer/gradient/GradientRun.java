package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.graph.TensorParts;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.GraphRun;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Gradients by ONNX Runtime. What is not trained keeps the values of the adapter and backbone it
 * was opened with. Blocks before the first trained one are a graph of their own, so their result
 * can be kept per window and given again. Sole owner of its sessions; for one caller at a time.
 *
 * <p>A batch is run in parts whose gradients are added up in their order, so memory does not grow
 * with it. On a CPU the parts run at the same time, a core each; where there are fewer than cores
 * and a part is long, the cores share each. How many windows make a part follows from model, batch
 * and memory limit alone and a run's bits do not depend on its threads: the same batch has the same
 * gradients on any number of cores. A lane costs the values of its part ({@link
 * #keptBytesPerWindow} times windows, for all lanes together at most the limit) and one set of
 * gradients.
 */
public final class GradientRun implements Gradients {
  /**
   * Tokens of a part, where a core is busy and larger parts only fall out of its caches, as in
   * inference.
   */
  private static final int CPU_TOKENS = 300;

  /**
   * Parts at least of a batch of more than one window. More would give more cores work where a
   * model is small and a batch, too, but a run of a single window of the demo model takes a third
   * more time per window than one of four.
   */
  private static final int PARTS = 2;

  /** Multiplications of a part's way forward below which cores that share it gain nothing. */
  private static final long WORTH_SHARING = 1_000_000_000L;

  private static final int CUDA_TOKENS = 16_000;

  /** Values of one run kept for its backward pass, by default. */
  public static final long KEPT_LIMIT_BYTES = 4L << 30;

  private final GradientGraph gradients;
  private final Loss loss;
  private final AdapterShape shape;
  private final Map<String, Integer> sizes = new TreeMap<>();
  private final GraphRun run;
  private final ParameterBuffers parameters;
  private final @Nullable GraphRun prefix;
  private final int entryFloats;
  private final int maxWindowsPerPart;
  private final long keptLimitBytes;
  private final long multiplications;

  private GradientRun(
      GradientGraph gradients,
      Loss loss,
      ModelSpec spec,
      SortedSet<String> trained,
      Function<String, float[]> tensors,
      ScorerSettings settings,
      long keptLimitBytes) {
    this.gradients = gradients;
    this.loss = loss;
    this.shape = spec.adapter();
    trained.forEach(name -> sizes.put(name, tensors.apply(name).length));
    this.run =
        gradients.recomputed()
            ? GraphRun.openSmall(gradients.graph(), settings)
            : GraphRun.open(gradients.graph(), settings);
    this.parameters = new ParameterBuffers(run, gradients.parts(), trained, tensors);
    this.entryFloats = run.buffer(gradients.entry(), 1).capacity();
    int tokens = run.device() == Device.CPU ? CPU_TOKENS : CUDA_TOKENS;
    long fitting = keptLimitBytes / gradients.keptBytes();
    this.maxWindowsPerPart = (int) Math.max(1, Math.min(tokens / spec.tokens(), fitting));
    this.keptLimitBytes = keptLimitBytes;
    this.multiplications = spec.multiplications();
    this.prefix = gradients.prefix().map(g -> openBeside(run, g, settings)).orElse(null);
    if (prefix != null) {
      new ParameterBuffers(prefix, gradients.prefixParts(), Set.of(), tensors);
    }
  }

  private static GraphRun openBeside(GraphRun run, Graph prefix, ScorerSettings settings) {
    try {
      return GraphRun.open(prefix, settings);
    } catch (RuntimeException e) {
      run.close();
      throw e;
    }
  }

  private static float[] tensor(ModelSpec spec, Backbone backbone, Adapter adapter, String name) {
    return adapter.tensors().containsKey(name)
        ? adapter.tensor(name).toArray()
        : TensorParts.numbers(spec, backbone, name);
  }

  /**
   * Opens the sessions.
   *
   * @param adapter its shape is the model's; its values are used for what is not trained
   * @param trained names of tensors of the adapter or the backbone
   * @param settings device and threads; 1 thread means one core and no more
   * @param keptLimitBytes bounds the values that are kept for the backward pass, of all parts that
   *     run at the same time: fewer windows make a part, fewer parts run at once, and if one window
   *     needs more, all blocks but the last keep only what enters them and are computed once more,
   *     which takes the time of one more forward pass
   * @throws dev.lookaside.classifier.weights.WeightsException if the adapter does not fit
   * @throws IllegalArgumentException if a name is no tensor of the model
   * @throws dev.lookaside.classifier.infer.ScorerException if the device cannot be used
   */
  public static GradientRun open(
      Backbone backbone,
      Adapter adapter,
      Set<String> trained,
      Loss loss,
      ScorerSettings settings,
      long keptLimitBytes) {
    adapter.checkFits(backbone);
    ModelSpec spec = new ModelSpec(backbone.spec(), adapter.shape(), false);
    GradientGraph gradients =
        GradientGraph.of(spec, backbone, loss.activation(), trained, keptLimitBytes);
    return new GradientRun(
        gradients,
        loss,
        spec,
        new TreeSet<>(trained),
        name -> tensor(spec, backbone, adapter, name),
        settings,
        keptLimitBytes);
  }

  /** As {@link #open} with {@link #KEPT_LIMIT_BYTES}. */
  public static GradientRun open(
      Backbone backbone, Adapter adapter, Set<String> trained, Loss loss, ScorerSettings settings) {
    return open(backbone, adapter, trained, loss, settings, KEPT_LIMIT_BYTES);
  }

  /**
   * Values of one window that are kept for the backward pass, before ONNX Runtime's own savings.
   */
  public long keptBytesPerWindow() {
    return gradients.keptBytes();
  }

  /** Whether blocks are computed once more on the way back, for want of memory. */
  public boolean recomputes() {
    return gradients.recomputed();
  }

  /** The device and why it was chosen, one line. */
  public String deviceDescription() {
    return run.deviceDescription();
  }

  /** Values per window that {@link #entries} gives: those of a window if there is no prefix. */
  public int entryFloats() {
    return entryFloats;
  }

  /**
   * Runs the blocks before the first trained one. The result depends on each window alone and never
   * on what is trained, so it may be kept and given to {@link #stepFrom} again and again.
   *
   * @param normalised row-major {@code [batch][frames][mels]}
   * @return row-major {@code [batch][entryFloats]}; the windows themselves if there is no such
   *     block
   */
  public float[] entries(float[] normalised, int batch) {
    checkSize("windows", normalised.length, batch, shape.windowFrames() * shape.mels());
    GraphRun first = prefix;
    if (first == null) {
      return normalised;
    }
    String result = gradients.prefix().orElseThrow().outputs().get(0).name();
    int floats = normalised.length / batch;
    float[] tokens = new float[batch * entryFloats];
    int size = windowsPerPart(batch);
    first.pieces(
        ceilDiv(batch, size),
        first.lanes(),
        worthSharing(size),
        (lane, part) -> {
          int from = part * size;
          int n = Math.min(size, batch - from);
          lane.buffer(VitLoaa.X, n).put(0, normalised, from * floats, n * floats);
          lane.run(n);
          lane.buffer(result, n).get(0, tokens, from * entryFloats, n * entryFloats);
        },
        (lane, part) -> {});
    return tokens;
  }

  /** Of the model and the batch, never of the cores: how gradients are summed follows from it. */
  private int windowsPerPart(int batch) {
    return run.device() == Device.CPU
        ? Math.min(maxWindowsPerPart, ceilDiv(batch, PARTS))
        : maxWindowsPerPart;
  }

  private static int ceilDiv(int n, int by) {
    return (n + by - 1) / by;
  }

  /** Parts whose kept values fit into memory together. */
  private int lanes(int size) {
    long fitting = keptLimitBytes / (size * gradients.keptBytes());
    return (int) Math.max(1, Math.min(run.lanes(), fitting));
  }

  private boolean worthSharing(int size) {
    return size * multiplications > WORTH_SHARING;
  }

  @Override
  public Step step(
      Map<String, float[]> values,
      float[] normalised,
      float[] targets,
      float[] targetWeights,
      int batch) {
    return stepFrom(values, entries(normalised, batch), targets, targetWeights, batch);
  }

  /** As {@link #step}, from what {@link #entries} gave for the windows. */
  public Step stepFrom(
      Map<String, float[]> values,
      float[] entries,
      float[] targets,
      float[] targetWeights,
      int batch) {
    checkSize("entries", entries.length, batch, entryFloats);
    checkSize("targets", targets.length, batch, shape.columns() * shape.classes());
    checkSize("target weights", targetWeights.length, batch, shape.columns());
    checkWeights(targetWeights);
    checkParameters(values);
    float[] share = new float[targets.length];
    float[] target = new float[targets.length];
    loss.prepare(targets, targetWeights, share, target);
    parameters.fill(values);
    float[] logits = new float[targets.length];
    Map<String, float[]> found = new TreeMap<>();
    sizes.forEach((name, size) -> found.put(name, new float[size]));
    int row = targets.length / batch;
    int size = windowsPerPart(batch);
    run.pieces(
        ceilDiv(batch, size),
        lanes(size),
        worthSharing(size),
        (lane, part) -> {
          int from = part * size;
          int n = Math.min(size, batch - from);
          lane.buffer(GradientGraph.SHARE, n).put(0, share, from * row, n * row);
          lane.buffer(GradientGraph.TARGET, n).put(0, target, from * row, n * row);
          lane.buffer(gradients.entry(), n).put(0, entries, from * entryFloats, n * entryFloats);
          lane.run(n);
          lane.buffer(VitLoaa.LOGITS, n).get(0, logits, from * row, n * row);
        },
        (lane, part) -> parameters.add(lane, gradients.gradients().values(), part == 0));
    parameters.collect(gradients.gradients(), found);
    return new Step(loss.of(logits, targets, targetWeights), logits, found);
  }

  private static void checkSize(String what, int found, int batch, int perWindow) {
    if (batch < 1 || found != (long) batch * perWindow) {
      throw new IllegalArgumentException(
          "%s of %d values: must be %d windows of %d".formatted(what, found, batch, perWindow));
    }
  }

  private static void checkWeights(float[] targetWeights) {
    boolean some = false;
    for (float w : targetWeights) {
      if (!(w >= 0 && w < Float.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("target weight " + w + ": must be at least 0");
      }
      some |= w > 0;
    }
    if (!some) {
      throw new IllegalArgumentException(
          "target weights of %d rows: must not be all 0".formatted(targetWeights.length));
    }
  }

  private void checkParameters(Map<String, float[]> values) {
    sizes.forEach(
        (name, size) -> {
          float[] given = values.get(name);
          if (given == null || given.length != size) {
            throw new IllegalArgumentException(
                "parameter \"%s\": needs %d values, %s"
                    .formatted(name, size, given == null ? "is missing" : "has " + given.length));
          }
        });
  }

  @Override
  public void close() {
    run.close();
    if (prefix != null) {
      prefix.close();
    }
  }
}
