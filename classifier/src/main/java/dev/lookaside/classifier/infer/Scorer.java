package dev.lookaside.classifier.infer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.graph.VitLoaa;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.featurizer.MelWindow;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Scores windows with one backbone and one adapter, for whatever runs without streams. For one
 * caller at a time. The same bits as {@link MixedScorer} gives.
 */
public final class Scorer implements WindowScorer {
  private final Adapter adapter;
  private final LoadedAdapter loaded;
  private final BackboneSessions sessions;
  private final MixedScorer mixed;

  private Scorer(
      Adapter adapter, LoadedAdapter loaded, BackboneSessions sessions, MixedScorer mixed) {
    this.adapter = adapter;
    this.loaded = loaded;
    this.sessions = sessions;
    this.mixed = mixed;
  }

  /**
   * Opens a session.
   *
   * @throws dev.lookaside.classifier.weights.WeightsException if the adapter does not fit
   * @throws ScorerException if the configured device cannot be used
   */
  public static Scorer open(Backbone backbone, Adapter adapter, ScorerSettings settings) {
    adapter.checkFits(backbone);
    LoadedAdapter loaded = LoadedAdapter.of(adapter);
    BackboneSessions sessions = new BackboneSessions(backbone, settings, 1);
    return new Scorer(adapter, loaded, sessions, new MixedScorer(sessions, loaded));
  }

  @Override
  public String deviceDescription() {
    return sessions.deviceDescription();
  }

  @Override
  public String adapterDigest() {
    return adapter.digest();
  }

  public Adapter adapter() {
    return adapter;
  }

  public Backbone backbone() {
    return sessions.backbone();
  }

  @Override
  public Scores score(List<MelWindow> windows) {
    List<AdapterScorer.AdaptedWindow> adapted = new ArrayList<>(windows.size());
    windows.forEach(w -> adapted.add(new AdapterScorer.AdaptedWindow(w, loaded)));
    AdapterShape shape = adapter.shape();
    return new Scores(shape.columns(), shape.classes(), mixed.score(adapted));
  }

  /**
   * Logits of windows that are normalised already.
   *
   * @param normalised row-major {@code [batch][frames][mels]}
   * @return per window, row-major {@code [columns][classes]}
   */
  public float[][] logits(float[] normalised, int batch) {
    checkedWindowFloats(normalised, batch);
    return mixed.logits(loaded, normalised, batch);
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
    return logitsAndAttention(normalised, batch, backbone().spec().depth() - 1);
  }

  /**
   * As {@link #logits}, with the attention of a block, 0 being the first.
   *
   * @throws dev.lookaside.classifier.graph.ShapeException if the backbone has no such block
   */
  public Attention logitsAndAttention(float[] normalised, int batch, int block) {
    int floats = checkedWindowFloats(normalised, batch);
    AdapterShape shape = loaded.runShape();
    ModelSpec spec = new ModelSpec(backbone().spec(), shape, OptionalInt.of(block));
    int tokens = spec.tokens();
    int heads = spec.vit().heads();
    FloatBuffer x = RunBuffers.allocate(floats);
    FloatBuffer y = RunBuffers.allocate(shape.columns() * shape.classes());
    FloatBuffer shares = RunBuffers.allocate(heads * tokens * tokens);
    float[][] logits = new float[batch][];
    float[][] attention = new float[batch][shares.capacity()];
    try (ModelSession session = sessions.openWithAttention(shape, block);
        AdapterTensors tensors = AdapterTensors.of(loaded, sessions.stacked());
        OnnxTensor in = ModelSession.tensor(x, 1, shape.windowFrames(), shape.mels());
        OnnxTensor out = RunBuffers.logitTensor(shape, y, 1);
        OnnxTensor map = ModelSession.tensor(shares, 1, heads, tokens, tokens)) {
      Map<String, OnnxTensor> inputs = new HashMap<>(tensors.inputs(1));
      inputs.put(VitLoaa.X, in);
      Map<String, OnnxTensor> outputs = Map.of(VitLoaa.LOGITS, out, VitLoaa.ATTENTION, map);
      for (int i = 0; i < batch; i++) {
        x.put(0, normalised, i * floats, floats);
        session.run(inputs, outputs);
        logits[i] = RunBuffers.logits(y, 0, shape, adapter.shape().classes());
        shares.get(0, attention[i]);
      }
    } catch (OrtException e) {
      throw new ScorerException("no tensors for the attention: " + e.getMessage(), e);
    }
    return new Attention(logits, heads, tokens, attention);
  }

  /** Posteriors of one window's logits, {@code [columns][classes]}. */
  public float[] posteriors(float[] logits) {
    return Posteriors.of(adapter.activation(), logits, adapter.shape().classes());
  }

  @Override
  public void close() {
    mixed.close();
    sessions.close();
  }
}
