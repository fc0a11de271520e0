package dev.lookaside.ingest.retained;

import java.util.Locale;

/** Why audio of a stretch is not there. */
public enum Cause {
  /** No partition holds a chunk of the stream. */
  UNKNOWN_STREAM,
  /** It was there and has been deleted with the topic's retention. */
  NOT_RETAINED,
  /** The stream, or its sender's present run, began later. */
  BEFORE_START,
  /** It was never received although audio after it was. */
  GAP,
  /** It was received and could not be used. */
  REJECTED,
  /** It is later than all that has been received; it may come. */
  NOT_YET,
  /** The stream has ended before. */
  AFTER_END;

  /** Lower case with hyphens. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** For people, after what is asked for: {@code is before the stream's start}. */
  public String phrase() {
    return switch (this) {
      case UNKNOWN_STREAM -> "no chunk of this stream is retained";
      case NOT_RETAINED -> "is not retained any more";
      case BEFORE_START -> "is before the stream's start";
      case GAP -> "was never received";
      case REJECTED -> "could not be used";
      case NOT_YET -> "is later than all that was received";
      case AFTER_END -> "is after the stream's end";
    };
  }

  /** True if asking again later may find more. */
  public boolean mayCome() {
    return this == NOT_YET || this == UNKNOWN_STREAM;
  }
}
