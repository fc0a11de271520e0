package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.featurizer.MelWindow;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of one thread that runs a session, allocated once: windows in, logits out, and for
 * each number of windows the tensors over them, made when first needed.
 */
final class RunBuffers implements AutoCloseable {
  private record Tensors(OnnxTensor in, OnnxTensor out) {}

  private final AdapterShape shape;
  private final FloatBuffer windows;
  private final FloatBuffer logits;
  private final int windowFloats;
  private final int logitFloats;
  private final float[] row;
  private final List<@Nullable Tensors> bySize = new ArrayList<>();

  /**
   * @param shape of the session, head rows filled up
   */
  RunBuffers(AdapterShape shape, int maxWindows) {
    this.shape = shape;
    this.windowFloats = shape.windowFrames() * shape.mels();
    this.logitFloats = shape.columns() * shape.classes();
    this.windows = allocate(Math.multiplyExact(maxWindows, windowFloats));
    this.logits = allocate(Math.multiplyExact(maxWindows, logitFloats));
    this.row = new float[shape.mels()];
    for (int n = 0; n <= maxWindows; n++) {
      bySize.add(null);
    }
  }

  static FloatBuffer allocate(int floats) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(floats, Float.BYTES))
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  /** Puts a window into a slot, normalised as {@code adapter} wants it. */
  void put(int slot, MelWindow window, LoadedAdapter adapter) {
    put(windows, slot * windowFloats, window, shape, adapter, row);
  }

  /**
   * Puts a window into any such buffer, normalised as {@code adapter} wants it.
   *
   * @param row scratch, one value per mel
   */
  static void put(
      FloatBuffer windows,
      int from,
      MelWindow window,
      AdapterShape shape,
      LoadedAdapter adapter,
      float[] row) {
    float[][] rows = window.rows();
    if (rows.length != shape.windowFrames() || rows[0].length != shape.mels()) {
      throw new IllegalArgumentException(
          "window %d of %s has %d x %d values: the adapter wants %d x %d"
              .formatted(
                  window.index(),
                  window.stream().value(),
                  rows.length,
                  rows[0].length,
                  shape.windowFrames(),
                  shape.mels()));
    }
    float mean = adapter.mean();
    float twoStd = 2 * adapter.std();
    int at = from;
    for (float[] frame : rows) {
      for (int m = 0; m < row.length; m++) {
        row[m] = (frame[m] - mean) / twoStd;
      }
      windows.put(at, row);
      at += row.length;
    }
  }

  /** Puts window {@code i} of several that are normalised already into a slot. */
  void put(int slot, float[] normalised, int i) {
    windows.put(slot * windowFloats, normalised, i * windowFloats, windowFloats);
  }

  /**
   * Runs the first {@code n} windows of the buffer.
   *
   * @param adapters of {@link AdapterTensors#inputs}: one, or one per window
   */
  void run(ModelSession session, Map<String, OnnxTensor> adapters, int n) {
    Tensors t = bySize.get(n);
    if (t == null) {
      t = tensors(n);
      bySize.set(n, t);
    }
    Map<String, OnnxTensor> in = new HashMap<>(adapters);
    in.put(VitLoaa.X, t.in());
    session.run(in, Map.of(VitLoaa.LOGITS, t.out()));
  }

  private Tensors tensors(int n) {
    try {
      OnnxTensor in =
          ModelSession.tensor(
              windows.slice(0, n * windowFloats), n, shape.windowFrames(), shape.mels());
      return new Tensors(in, logitTensor(shape, logits.slice(0, n * logitFloats), n));
    } catch (OrtException e) {
      throw new ScorerException("no tensors for " + n + " windows: " + e.getMessage(), e);
    }
  }

  /** The tensor of the logits of {@code n} windows over {@code buffer}. */
  static OnnxTensor logitTensor(AdapterShape shape, FloatBuffer buffer, int n) throws OrtException {
    return shape.head() == HeadKind.CLIP
        ? ModelSession.tensor(buffer, n, shape.classes())
        : ModelSession.tensor(buffer, n, shape.columns(), shape.classes());
  }

  /**
   * Logits of window {@code i} of the last run.
   *
   * @param classes real rows of the head
   * @return row-major {@code [columns][classes]}
   */
  float[] logits(int i, int classes) {
    return logits(logits, i, shape, classes);
  }

  /** {@link #logits(int, int)} from any such buffer. */
  static float[] logits(FloatBuffer buffer, int i, AdapterShape shape, int classes) {
    float[] found = new float[shape.columns() * classes];
    int from = i * shape.columns() * shape.classes();
    for (int column = 0; column < shape.columns(); column++) {
      buffer.get(from + column * shape.classes(), found, column * classes, classes);
    }
    return found;
  }

  @Override
  public void close() {
    for (Tensors t : bySize) {
      if (t != null) {
        t.in().close();
        t.out().close();
      }
    }
  }
}
