package dev.lookaside.trainer.store;

import java.util.Locale;

/** What has become of an example's audio. */
public enum AudioState {
  /** It is still to be read. */
  AWAITED,
  /** It is in the store. */
  HELD,
  /** It was not retained any more, or never received: there will be none. */
  LOST;

  /** The word in tables. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
