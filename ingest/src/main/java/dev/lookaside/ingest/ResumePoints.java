package dev.lookaside.ingest;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * Where each stream of a partition goes on, as version 0.1 wrote it into the metadata of the
 * committed offset: {@code r1:} and, in URL-safe base64, per stream the first 8 bytes of its name's
 * SHA-256 and its distance from the committed offset, 7 bits a byte, low bits first, the high bit
 * set where more follow. Only read: {@link StreamProgress} has taken its place, and a group that
 * changes versions goes on without loss. Pure; not thread-safe.
 */
final class ResumePoints {
  private static final String PREFIX = "r1:";
  private static final int CONTINUES = 0x80;

  private final Map<Long, Long> offsets = new HashMap<>();

  /** Of a partition's first reader. */
  ResumePoints() {}

  /**
   * As they were written.
   *
   * @param position the committed offset
   * @param metadata what was committed with it; empty, or written by somebody else: no points
   * @throws IngestException if it begins as ours do and does not go on so
   */
  static ResumePoints read(long position, String metadata) {
    ResumePoints points = new ResumePoints();
    if (!metadata.startsWith(PREFIX)) {
      return points;
    }
    try {
      ByteBuffer bytes =
          ByteBuffer.wrap(Base64.getUrlDecoder().decode(metadata.substring(PREFIX.length())));
      while (bytes.hasRemaining()) {
        long stream = bytes.getLong();
        points.offsets.put(stream, position + distance(bytes));
      }
    } catch (IllegalArgumentException | java.nio.BufferUnderflowException e) {
      throw new IngestException(
          "metadata of offset %d \"%s\": must be resume points".formatted(position, metadata), e);
    }
    return points;
  }

  /** Whether the stream is done with the record at {@code offset}. */
  boolean done(StreamId stream, long offset) {
    if (offsets.isEmpty()) {
      return false;
    }
    Long resume = offsets.get(key(stream));
    return resume != null && offset < resume;
  }

  private static long distance(ByteBuffer bytes) {
    long distance = 0;
    int shift = 0;
    byte next;
    do {
      next = bytes.get();
      distance |= (long) (next & ~CONTINUES & 0xff) << shift;
      shift += 7;
    } while (next < 0 && shift < Long.SIZE);
    return distance;
  }

  private static long key(StreamId stream) {
    return ByteBuffer.wrap(Sha256.of(stream.value())).getLong();
  }
}
