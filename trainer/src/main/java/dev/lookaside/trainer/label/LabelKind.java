package dev.lookaside.trainer.label;

import java.util.Locale;

/** What a label says; on the wire in lower case. */
public enum LabelKind {
  /** The detection is right. */
  CONFIRM,
  /** The class that was detected does not sound there; which one does is not said. */
  REJECT,
  /** Another class than the detected one sounds there. */
  RELABEL,
  /** A class sounds where nothing was detected. */
  ADD,
  /** What the author said of this class on exactly this stretch is taken back, as if never said. */
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
