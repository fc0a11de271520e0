package dev.lookaside.trainer.label;

import java.util.Locale;

/** What a label states; on the wire in lower case. */
public enum LabelKind {
  /** The detection is right. */
  CONFIRM,
  /** The class that was detected does not sound there; the label does not name one that does. */
  REJECT,
  /** Another class than the detected one sounds there. */
  RELABEL,
  /** A class sounds where nothing was detected. */
  ADD,
  /**
   * The author's labels of this class on exactly this interval are retracted, as if never written.
   */
  RETRACT;

  /** The word on the wire. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** True if the label is about a detection. */
  public boolean judgesDetection() {
    return this != ADD && this != RETRACT;
  }
}
