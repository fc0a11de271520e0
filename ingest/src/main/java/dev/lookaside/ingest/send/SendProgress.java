package dev.lookaside.ingest.send;

import dev.lookaside.ingest.StreamId;

/** Observes how far sending is. Called from the thread that sends, so it must be quick. */
public interface SendProgress {
  /** Nobody looks. */
  SendProgress NONE = (stream, sentFrames, lengthFrames, rateHz) -> {};

  /**
   * A chunk was handed to Kafka.
   *
   * @param sentFrames frames of this stream handed over so far
   * @param lengthFrames frames in all, or -1 if only the end will tell
   */
  void sent(StreamId stream, long sentFrames, long lengthFrames, int rateHz);

  /** Something that people should know while it lasts: a source is silent, or comes back. */
  default void noticed(StreamId stream, String text) {}

  /** A source was opened again after it had ended or fallen silent. */
  default void reconnected(StreamId stream, long missingFrames, int rateHz) {}
}
