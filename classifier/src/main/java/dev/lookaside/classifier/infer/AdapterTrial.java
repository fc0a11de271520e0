package dev.lookaside.classifier.infer;

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
    try (BackboneSessions.Use use = sessions.use(adapter.runShape())) {
      return use.tried(adapter, normalised);
    }
  }
}
