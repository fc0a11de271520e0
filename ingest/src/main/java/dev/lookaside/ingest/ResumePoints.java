package dev.lookaside.ingest;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each stream of a partition goes on, for those that are further than the partition is. A
 * partition is read again from the oldest record that any of its streams needs; a stream that needs
 * less must not hear the rest: it would begin in the middle of what it has told already, and take
 * the tail of a sound for a sound.
 *
 * <p>Written into the metadata of the committed offset: {@code r1:} and, in URL-safe base64, per
 * stream the first 8 bytes of its name's SHA-256 and its distance from the committed offset, 7 bits
 * a byte, low bits first, the high bit set where more follow. Pure; not thread-safe.
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

  /** Records of {@code stream} before {@code resumeOffset} are done. */
  void settled(StreamId stream, long resumeOffset) {
    offsets.merge(key(stream), resumeOffset, Math::max);
  }

  /** Whether the stream is done with the record at {@code offset}. */
  boolean done(StreamId stream, long offset) {
    if (offsets.isEmpty()) {
      return false;
    }
    Long resume = offsets.get(key(stream));
    return resume != null && offset < resume;
  }

  /**
   * Forgets those that {@code position} has reached, and writes the rest.
   *
   * @param maxChars those furthest ahead are written, as many as there is room for
   * @return empty if there are none
   */
  String write(long position, int maxChars) {
    offsets.values().removeIf(resume -> resume <= position);
    if (offsets.isEmpty()) {
      return "";
    }
    List<Map.Entry<Long, Long>> furthestFirst =
        offsets.entrySet().stream()
            .sorted(
                Map.Entry.<Long, Long>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .toList();
    int room = Math.max(0, maxChars - PREFIX.length()) / 4 * 3;
    ByteBuffer bytes = ByteBuffer.allocate(room);
    for (Map.Entry<Long, Long> point : furthestFirst) {
      long distance = point.getValue() - position;
      if (bytes.remaining() < Long.BYTES + lengthBytes(distance)) {
        break;
      }
      bytes.putLong(point.getKey());
      for (; distance >= CONTINUES; distance >>>= 7) {
        bytes.put((byte) (distance | CONTINUES));
      }
      bytes.put((byte) distance);
    }
    byte[] written = new byte[bytes.position()];
    bytes.flip().get(written);
    return written.length == 0
        ? ""
        : PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(written);
  }

  /** Streams that are further than the position last written. */
  int streams() {
    return offsets.size();
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

  private static int lengthBytes(long distance) {
    return (Long.SIZE - Long.numberOfLeadingZeros(distance | 1) + 6) / 7;
  }

  private static long key(StreamId stream) {
    return ByteBuffer.wrap(Sha256.of(stream.value())).getLong();
  }
}
