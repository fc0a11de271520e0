package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.HeadKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of one thread that scores, allocated once: windows in, logits out, and for each
 * number of windows the tensors over them, made when first needed.
 */
final class RunBuffers implements AutoCloseable {
  private record Tensors(Map<String, OnnxTensor> in, Map<String, OnnxTensor> out) {}

  private final AdapterShape shape;
  private final Map<String, OnnxTensor> adapter;
  private final FloatBuffer windows;
  private final FloatBuffer logits;
  private final float[] scratch;
  private final int windowFloats;
  private final int logitFloats;
  private final List<@Nullable Tensors> bySize = new ArrayList<>();

  RunBuffers(AdapterShape shape, AdapterTensors adapter, int maxWindows) {
    this.shape = shape;
    this.adapter = adapter.inputs();
    this.windowFloats = shape.windowFrames() * shape.mels();
    this.logitFloats = shape.columns() * shape.classes();
    this.scratch = new float[windowFloats];
    this.windows = allocate(Math.multiplyExact(maxWindows, windowFloats));
    this.logits = allocate(Math.multiplyExact(maxWindows, logitFloats));
    for (int n = 0; n <= maxWindows; n++) {
      bySize.add(null);
    }
  }

  static FloatBuffer allocate(int floats) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(floats, Float.BYTES))
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  int maxWindows() {
    return bySize.size() - 1;
  }

  /** One window, row-major {@code [frames][mels]}, to be filled with normalised values. */
  float[] scratch() {
    return scratch;
  }

  /** Makes what stands in {@link #scratch} window {@code slot} of the next run. */
  void put(int slot) {
    windows.put(slot * windowFloats, scratch);
  }

  /** Runs the first {@code n} windows of the buffer. */
  void run(ModelSession session, int n) {
    Tensors t = bySize.get(n);
    if (t == null) {
      t = tensors(n);
      bySize.set(n, t);
    }
    session.run(t.in(), t.out());
  }

  private Tensors tensors(int n) {
    try {
      Map<String, OnnxTensor> in = new HashMap<>(adapter);
      in.put(
          VitLoaa.X,
          ModelSession.tensor(
              windows.slice(0, n * windowFloats), n, shape.windowFrames(), shape.mels()));
      FloatBuffer out = logits.slice(0, n * logitFloats);
      OnnxTensor result =
          shape.head() == HeadKind.CLIP
              ? ModelSession.tensor(out, n, shape.classes())
              : ModelSession.tensor(out, n, shape.columns(), shape.classes());
      return new Tensors(in, Map.of(VitLoaa.LOGITS, result));
    } catch (OrtException e) {
      throw new ScorerException("no tensors for " + n + " windows: " + e.getMessage(), e);
    }
  }

  /** Logits of window {@code i} of the last run. */
  float[] logits(int i) {
    float[] l = new float[logitFloats];
    logits.get(i * logitFloats, l);
    return l;
  }

  @Override
  public void close() {
    for (Tensors t : bySize) {
      if (t != null) {
        OnnxTensor x = t.in().get(VitLoaa.X);
        if (x != null) {
          x.close();
        }
        t.out().values().forEach(OnnxTensor::close);
      }
    }
  }
}
