package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.AdapterShape;

/** One window with an adapter that nobody uses yet, beside whoever scores in the same sessions. */
public final class AdapterTrial {
  private AdapterTrial() {}

  /**
   * Logits of a window.
   *
   * @param normalised row-major {@code [frames][mels]}, normalised already
   * @return row-major {@code [columns][classes]}
   * @throws ScorerException if the device fails or no session can be opened
   */
  public static float[] logits(
      BackboneSessions sessions, LoadedAdapter adapter, float[] normalised) {
    AdapterShape shape = adapter.runShape();
    try (BackboneSessions.Use use = sessions.use(shape);
        RunBuffers buffers = new RunBuffers(shape, 1);
        AdapterTensors tensors = AdapterTensors.of(adapter)) {
      buffers.put(0, normalised, 0);
      buffers.run(use.session(false), tensors, 1);
      return buffers.logits(0, adapter.shape().classes());
    }
  }
}
