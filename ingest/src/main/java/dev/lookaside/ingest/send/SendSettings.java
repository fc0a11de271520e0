package dev.lookaside.ingest.send;

import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.IngestException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How sound is sent.
 *
 * @param chunkMillis length of a chunk, 10 to 60000; short ones are processed sooner, long ones
 *     cost less
 * @param encoding of the payload: S16LE, L16 or F32LE
 * @param realTime true: paced as a live source would be; false: as fast as Kafka takes it
 * @param parallel streams sent at once, 1 to 1000
 * @param start capture time of each stream's first sample; null: now when paced, else such that a
 *     stream of known length ends now
 * @param reconnectMillis how long a live source may be away before its stream ends; 0: its first
 *     end is the end
 */
public record SendSettings(
    int chunkMillis,
    Encoding encoding,
    boolean realTime,
    int parallel,
    @Nullable Instant start,
    long reconnectMillis) {
  /** Long enough for a camera to start anew, short enough for a supervisor to be told. */
  public static final long DEFAULT_RECONNECT_MILLIS = 300_000;

  public SendSettings {
    if (chunkMillis < 10 || chunkMillis > 60_000) {
      throw new IngestException(
          "chunk length \"%d\": must be 10 to 60000 ms".formatted(chunkMillis));
    }
    if (parallel < 1 || parallel > 1000) {
      throw new IngestException("parallel \"%d\": must be 1 to 1000".formatted(parallel));
    }
    if (reconnectMillis < 0) {
      throw new IngestException(
          "reconnect \"%d\": must be 0 ms or more".formatted(reconnectMillis));
    }
    if (encoding.container()) {
      throw new IngestException(
          "encoding \"%s\": must be S16LE, L16 or F32LE to be sent".formatted(encoding));
    }
  }

  /** 200 ms chunks of 16 bits, one stream after another, at real time. */
  public static SendSettings defaults() {
    return new SendSettings(200, Encoding.S16LE, true, 1, null, DEFAULT_RECONNECT_MILLIS);
  }
}
