package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** What a trainer beside the page tells it. From any thread; returns at once. */
public interface PageEvents {
  /** How far a correction has come. */
  enum Stage {
    /** On {@code audio.labels}. */
    SENT,
    /** In the store of examples. */
    STORED,
    /** Kept out of training: people disagree. */
    DISPUTED,
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

  /**
   * A correction has come further. Unknown ids are no error: it may have been made elsewhere.
   *
   * @param labelId of its label
   * @param adapter digest, with {@link Stage#IN_FORCE}
   * @param since capture time, or time of day for the stages before
   */
  void correction(String labelId, Stage stage, Optional<String> adapter, Instant since);
}
