package dev.lookaside.classifier.infer;

/** Scores one window with an adapter that is not in use yet, in sessions that others score in. */
public final class AdapterTestRun {
  private AdapterTestRun() {}

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
      return use.logits(adapter, normalised);
    }
  }
}
