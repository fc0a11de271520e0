package dev.lookaside.trainer.store;

import java.util.Locale;

/** Whether what an example says counts. */
public enum Standing {
  /** It counts. */
  USABLE,
  /** The same author has said something newer about the same stretch, or has taken it back. */
  SUPERSEDED,
  /** Another author has said the contrary about the same stretch. */
  CONFLICT,
  /** Another author has said the same before; one example of one sound is enough. */
  DUPLICATE,
  /** It takes back what its author has said, and says nothing itself. */
  RETRACTION;

  /** The word in tables. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
