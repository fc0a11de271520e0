package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/**
 * What a trainer in the same process tells the page. From any thread; returns at once. What becomes
 * of corrections the page finds on the topics, wherever their trainer runs.
 */
public interface PageEvents {
  /** How far a correction has come. */
  enum Stage {
    /** On {@code audio.labels}. */
    SENT,
    /**
     * In the store of examples: a round was fitted to it or judged on it, and did not come live.
     */
    STORED,
    /** Kept out of training: people disagree. */
    DISPUTED,
    /** Its author has taken it back. */
    RETRACTED,
    /** Its author has said something newer about the same. */
    SUPERSEDED,
    /** Fitted into an adapter that is in force. */
    IN_FORCE,
    /** The adapter it was fitted into is not in force any more, nor one that came of it. */
    TAKEN_BACK;

    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * Where the trainer stands; replaces what was told before.
   *
   * @param status with {@code phase}, and as far as there is any {@code scope}, {@code since},
   *     {@code freshLabels}, {@code round} ({@code fit}, {@code step}, {@code steps}), {@code
   *     trouble} and {@code last} ({@code outcome}, {@code reason}, {@code gate})
   */
  void trainer(JsonNode status);
}
