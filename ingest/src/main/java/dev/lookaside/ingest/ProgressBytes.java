package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;

/**
 * The primitive values of {@link StreamProgress}: big-endian numbers, counts and texts with a
 * length of four bytes before them, instants as seconds and nanoseconds.
 */
public final class ProgressBytes {
  private ProgressBytes() {}

  /** Writes values one after the other. */
  public static final class Writer {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    public Writer int8(int value) {
      bytes.write(value);
      return this;
    }

    public Writer bool(boolean value) {
      return int8(value ? 1 : 0);
    }

    public Writer int32(int value) {
      bytes.write(value >>> 24);
      bytes.write(value >>> 16);
      bytes.write(value >>> 8);
      bytes.write(value);
      return this;
    }

    public Writer int64(long value) {
      int32((int) (value >>> 32));
      return int32((int) value);
    }

    public Writer float32(float value) {
      return int32(Float.floatToRawIntBits(value));
    }

    public Writer float64(double value) {
      return int64(Double.doubleToRawLongBits(value));
    }

    public Writer instant(Instant value) {
      return int64(value.getEpochSecond()).int32(value.getNano());
    }

    public Writer text(String value) {
      return block(value.getBytes(UTF_8));
    }

    /** Bytes with their length before them. */
    public Writer block(byte[] value) {
      int32(value.length);
      bytes.writeBytes(value);
      return this;
    }

    public byte[] toByteArray() {
      return bytes.toByteArray();
    }
  }

  /**
   * Reads what {@link Writer} wrote.
   *
   * <p>Every method throws {@link IngestException} where the bytes end early or hold no such value;
   * nothing is allocated beyond the length of the bytes.
   */
  public static final class Reader {
    private final ByteBuffer bytes;

    /**
     * @param bytes not written, not kept after the last call
     */
    public Reader(byte[] bytes) {
      this.bytes = ByteBuffer.wrap(bytes);
    }

    public byte int8() {
      need(1);
      return bytes.get();
    }

    public boolean bool() {
      byte value = int8();
      if (value != 0 && value != 1) {
        throw bad("a flag must be 0 or 1, is " + value);
      }
      return value == 1;
    }

    public int int32() {
      need(Integer.BYTES);
      return bytes.getInt();
    }

    public long int64() {
      need(Long.BYTES);
      return bytes.getLong();
    }

    public float float32() {
      return Float.intBitsToFloat(int32());
    }

    public double float64() {
      return Double.longBitsToDouble(int64());
    }

    public Instant instant() {
      try {
        return Instant.ofEpochSecond(int64(), int32());
      } catch (DateTimeException | ArithmeticException e) {
        throw bad("a time is out of range");
      }
    }

    public String text() {
      return new String(block(), UTF_8);
    }

    public byte[] block() {
      byte[] value = new byte[count(1)];
      bytes.get(value);
      return value;
    }

    /**
     * A number of items that follow.
     *
     * @param itemBytes bytes of each at least
     */
    public int count(int itemBytes) {
      int count = int32();
      if (count < 0 || (long) count * itemBytes > bytes.remaining()) {
        throw bad("%d items do not fit into the %d bytes left".formatted(count, bytes.remaining()));
      }
      return count;
    }

    public boolean atEnd() {
      return !bytes.hasRemaining();
    }

    /** What is malformed at this place. */
    public IngestException bad(String what) {
      return new IngestException("progress, byte %d: %s".formatted(bytes.position(), what));
    }

    private void need(int count) {
      if (bytes.remaining() < count) {
        throw bad("ends early");
      }
    }
  }
}
