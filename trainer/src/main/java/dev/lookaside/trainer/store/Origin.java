package dev.lookaside.trainer.store;

import java.util.Locale;

/** Where an example is from. */
public enum Origin {
  /** A label from {@code audio.labels}. */
  LABEL,
  /** Imported: what an adapter was fitted on before there were labels. */
  SEED,
  /** Unlabelled background taken from a stream. */
  SAMPLED;

  /** The word in tables. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
