package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.Graph;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.featurizer.MelWindow;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Scores windows with one backbone and adapter. Sole owner of its session and buffers; for one
 * caller at a time. On a CPU the results of a window are the same bits alone or in any batch, and
 * for any number of threads.
 */
public final class Scorer implements WindowScorer {
  private final Backbone backbone;
  private final Adapter adapter;
  private final ScorerSettings settings;
  private final DeviceChoice<Lanes> choice;
  private final AdapterTensors tensors;
  private @Nullable ModelSession attentionSession;

  private Scorer(
      Backbone backbone,
      Adapter adapter,
      ScorerSettings settings,
      DeviceChoice<Lanes> choice,
      AdapterTensors tensors) {
    this.backbone = backbone;
    this.adapter = adapter;
    this.settings = settings;
    this.choice = choice;
    this.tensors = tensors;
  }

  /**
   * Opens a session.
   *
   * @throws dev.lookaside.classifier.weights.WeightsException if the adapter does not fit
   * @throws ScorerException if the configured device cannot be used
   */
  public static Scorer open(Backbone backbone, Adapter adapter, ScorerSettings settings) {
    adapter.checkFits(backbone);
    ModelSpec spec = new ModelSpec(backbone.spec(), adapter.shape(), false);
    Graph graph = VitLoaa.build(spec, backbone);
    AdapterTensors tensors = AdapterTensors.of(adapter);
    try {
      DeviceChoice<Lanes> choice =
          DeviceChoice.open(
              settings.device(),
              ModelSession.providers(),
              device ->
                  Lanes.open(
                      graph, spec, tensors, device, settings.threads(), settings.maxBatch()));
      return new Scorer(backbone, adapter, settings, choice, tensors);
    } catch (RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  @Override
  public String deviceDescription() {
    return choice.description(settings.threads());
  }

  @Override
  public String adapterDigest() {
    return adapter.digest();
  }

  public Adapter adapter() {
    return adapter;
  }

  public Backbone backbone() {
    return backbone;
  }

  @Override
  public Scores score(List<MelWindow> windows) {
    AdapterShape shape = adapter.shape();
    windows.forEach(this::check);
    float[][] posteriors =
        choice.opened().run(windows.size(), (w, into) -> normalise(windows.get(w), into));
    for (int w = 0; w < posteriors.length; w++) {
      posteriors[w] = posteriors(posteriors[w]);
    }
    return new Scores(shape.columns(), shape.classes(), posteriors);
  }

  private void check(MelWindow window) {
    AdapterShape shape = adapter.shape();
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
  }

  private void normalise(MelWindow window, float[] into) {
    float mean = adapter.mean();
    float twoStd = 2 * adapter.std();
    int at = 0;
    for (float[] frame : window.rows()) {
      for (float value : frame) {
        into[at++] = (value - mean) / twoStd;
      }
    }
  }

  /**
   * Logits of windows that are normalised already.
   *
   * @param normalised row-major {@code [batch][frames][mels]}
   * @return per window, row-major {@code [columns][classes]}
   */
  public float[][] logits(float[] normalised, int batch) {
    int floats = checkedWindowFloats(normalised, batch);
    return choice
        .opened()
        .run(batch, (w, into) -> System.arraycopy(normalised, w * floats, into, 0, floats));
  }

  private int checkedWindowFloats(float[] normalised, int batch) {
    int floats = adapter.shape().windowFrames() * adapter.shape().mels();
    if (batch < 1 || normalised.length != (long) batch * floats) {
      throw new IllegalArgumentException(
          "input of %d values: must be %d windows of %d x %d"
              .formatted(
                  normalised.length,
                  batch,
                  adapter.shape().windowFrames(),
                  adapter.shape().mels()));
    }
    return floats;
  }

  /** As {@link #logits}, with the last block's attention; window by window, not for streams. */
  public Attention logitsAndAttention(float[] normalised, int batch) {
    int floats = checkedWindowFloats(normalised, batch);
    AdapterShape shape = adapter.shape();
    ModelSpec spec = new ModelSpec(backbone.spec(), shape, true);
    int tokens = spec.tokens();
    int heads = spec.vit().heads();
    FloatBuffer x = RunBuffers.allocate(floats);
    FloatBuffer y = RunBuffers.allocate(shape.columns() * shape.classes());
    FloatBuffer shares = RunBuffers.allocate(heads * tokens * tokens);
    int[] yShape =
        shape.head() == HeadKind.CLIP
            ? new int[] {1, shape.classes()}
            : new int[] {1, shape.columns(), shape.classes()};
    float[][] logits = new float[batch][y.capacity()];
    float[][] attention = new float[batch][shares.capacity()];
    try (OnnxTensor in = ModelSession.tensor(x, 1, shape.windowFrames(), shape.mels());
        OnnxTensor out = ModelSession.tensor(y, yShape);
        OnnxTensor map = ModelSession.tensor(shares, 1, heads, tokens, tokens)) {
      Map<String, OnnxTensor> inputs = new HashMap<>(tensors.inputs());
      inputs.put(VitLoaa.X, in);
      Map<String, OnnxTensor> outputs = Map.of(VitLoaa.LOGITS, out, VitLoaa.ATTENTION, map);
      for (int i = 0; i < batch; i++) {
        x.put(0, normalised, i * floats, floats);
        attentionSession(spec).run(inputs, outputs);
        y.get(0, logits[i]);
        shares.get(0, attention[i]);
      }
    } catch (OrtException e) {
      throw new ScorerException("no tensors for the attention: " + e.getMessage(), e);
    }
    return new Attention(logits, heads, tokens, attention);
  }

  private ModelSession attentionSession(ModelSpec spec) throws OrtException {
    ModelSession session = attentionSession;
    if (session == null) {
      Graph graph = VitLoaa.build(spec, backbone);
      session =
          ModelSession.openOn(
              graph, choice.device(), settings.threads(), ModelSession.Memory.PLANNED);
      attentionSession = session;
    }
    return session;
  }

  /** Posteriors of one window's logits, {@code [columns][classes]}. */
  public float[] posteriors(float[] logits) {
    return Posteriors.of(adapter.activation(), logits, adapter.shape().classes());
  }

  @Override
  public void close() {
    if (attentionSession != null) {
      attentionSession.close();
    }
    choice.opened().close();
    tensors.close();
  }
}
