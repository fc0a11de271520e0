package dev.lookaside.trainer.shadow;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.ingest.StreamId;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An event that incumbent and candidate do not agree on.
 *
 * @param kind how they differ
 * @param incumbent the incumbent's event; null if it detects none
 * @param candidate the candidate's event; null if it detects none
 */
public record ShadowDifference(
    Kind kind, @Nullable Detection incumbent, @Nullable Detection candidate) {
  /** How two adapters can differ. */
  public enum Kind {
    /** The candidate does not detect it. */
    ONLY_INCUMBENT,
    /** The incumbent does not detect it. */
    ONLY_CANDIDATE,
    /** Both detect something there, and name it differently. */
    LABEL_DIFFERS;

    /** The word on the wire. */
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  public ShadowDifference {
    Objects.requireNonNull(kind, "kind");
    if ((incumbent == null) != (kind == Kind.ONLY_CANDIDATE)
        || (candidate == null) != (kind == Kind.ONLY_INCUMBENT)) {
      throw new IllegalArgumentException(kind + ": has the events it speaks of, and no others");
    }
  }

  /** Whose audio. */
  public StreamId stream() {
    return either().stream();
  }

  /** The incumbent's event, or the candidate's if it has none. */
  public Detection either() {
    return incumbent != null ? incumbent : Objects.requireNonNull(candidate, "candidate");
  }
}
