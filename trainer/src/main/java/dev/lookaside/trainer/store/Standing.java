package dev.lookaside.trainer.store;

import java.util.Locale;

/** Whether an example's label counts. */
public enum Standing {
  /** It counts. */
  USABLE,
  /** The same author has a newer label about the same interval, or has retracted it. */
  SUPERSEDED,
  /** Another author's label about the same interval contradicts it. */
  CONFLICT,
  /** Another author's older label agrees; one example of one sound is enough. */
  DUPLICATE,
  /** It retracts a label of its author, and states nothing itself. */
  RETRACTION;

  /** The word in tables. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
