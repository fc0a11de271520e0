package dev.lookaside.classifier.weights;

import dev.lookaside.ingest.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, opened and checked. Files are memory-mapped tensor by tensor, so opening
 * costs the header only.
 *
 * <pre>
 *   8 bytes   header length n, unsigned little-endian
 *   n bytes   JSON: {"__metadata__": {text: text}, name: {"dtype", "shape", "data_offsets"}, ...}
 *   the rest  tensors, row-major little-endian, without overlap or hole
 * </pre>
 *
 * @see <a href="https://huggingface.co/docs/safetensors">safetensors format</a>
 */
public final class Safetensors implements AutoCloseable {
  /** The reference implementation's bound. */
  static final long MAX_HEADER_BYTES = 100_000_000L;

  private final String source;
  private final SafetensorsHeader header;
  private final long dataFrom;
  private final @Nullable FileChannel channel;
  private final ByteBuffer bytes;

  private Safetensors(
      String source,
      SafetensorsHeader header,
      long dataFrom,
      @Nullable FileChannel channel,
      ByteBuffer bytes) {
    this.source = source;
    this.header = header;
    this.dataFrom = dataFrom;
    this.channel = channel;
    this.bytes = bytes;
  }

  /**
   * Opens a file. Tensors already read stay valid after {@link #close()}.
   *
   * @throws WeightsException if it is not a sound safetensors file
   */
  public static Safetensors open(Path file) {
    String source = file.toString();
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      long length = channel.size();
      ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      readFully(channel, prefix, 0);
      ByteBuffer start = ByteBuffer.allocate((int) Math.min(length, OtherFile.LOOKED_AT_BYTES));
      readFully(channel, start, 0);
      int headerBytes = headerBytes(source, length, prefix, start.array());
      ByteBuffer json = ByteBuffer.allocate(headerBytes);
      readFully(channel, json, 8);
      long from = 8L + headerBytes;
      SafetensorsHeader header = SafetensorsHeader.parse(source, json.flip(), length - from);
      FileChannel opened = channel;
      channel = null;
      return new Safetensors(source, header, from, opened, ByteBuffer.allocate(0));
    } catch (IOException e) {
      throw WeightsException.unreadable(source, e);
    } finally {
      closeQuietly(channel);
    }
  }

  /**
   * Reads a file held in memory; {@code file} is not copied and must not change.
   *
   * @param source what messages call it
   */
  public static Safetensors of(byte[] file, String source) {
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer prefix = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    prefix.put(file, 0, Math.min(8, file.length));
    byte[] start = Arrays.copyOf(file, Math.min(file.length, OtherFile.LOOKED_AT_BYTES));
    int headerBytes = headerBytes(source, file.length, prefix, start);
    long from = 8L + headerBytes;
    SafetensorsHeader header =
        SafetensorsHeader.parse(source, bytes.slice(8, headerBytes), file.length - from);
    return new Safetensors(source, header, from, null, bytes);
  }

  private static int headerBytes(String source, long fileBytes, ByteBuffer prefix, byte[] start) {
    long n = prefix.getLong(0);
    Optional<String> other = OtherFile.describe(start);
    if (other.isPresent()) {
      throw new WeightsException(source + ": " + other.get());
    }
    if (fileBytes < 8) {
      throw new WeightsException(
          "%s: file length \"%d\": a safetensors file has at least 8 bytes"
              .formatted(source, fileBytes));
    }
    if (n < 0 || n > MAX_HEADER_BYTES || n > fileBytes - 8) {
      throw new WeightsException(
          "%s: header length \"%s\": must be at most %d (the file has %d bytes): it is no safetensors file, or cut short"
              .formatted(
                  source,
                  Long.toUnsignedString(n),
                  Math.min(MAX_HEADER_BYTES, fileBytes - 8),
                  fileBytes));
    }
    return (int) n;
  }

  private static void readFully(FileChannel channel, ByteBuffer into, long position)
      throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int n = channel.read(into, at);
      if (n < 0) {
        return;
      }
      at += n;
    }
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new WeightsException("cannot close a weight file", e);
      }
    }
  }

  /** The file's name, as messages give it. */
  public String source() {
    return source;
  }

  /** The {@code __metadata__} texts, sorted by key; empty if there are none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /** All tensor names, sorted. */
  public Set<String> names() {
    return header.entries().keySet();
  }

  public boolean has(String name) {
    return header.entries().containsKey(name);
  }

  /** Shape of a tensor, or null if there is no such tensor. */
  public int @Nullable [] shape(String name) {
    SafetensorsHeader.Entry e = header.entries().get(name);
    return e == null ? null : e.shape().clone();
  }

  /**
   * A tensor as float32. F32 data of a file is used in place, also of one held in memory: it may be
   * followed by many others, and native memory is given back late. F16 and BF16 are widened,
   * exactly.
   *
   * @throws WeightsException if it is absent or not a float tensor
   */
  public FloatTensor floats(String name) {
    SafetensorsHeader.Entry e = header.entries().get(name);
    if (e == null) {
      throw WeightsException.tensor(source, name, "found no such tensor");
    }
    ByteBuffer raw = raw(name, e);
    int count = Math.toIntExact(FloatTensor.elements(e.shape()));
    switch (e.dtype()) {
      case "F32":
        return FloatTensor.wrap(e.shape(), asFloats(raw, count));
      case "F16":
      case "BF16":
        FloatBuffer wide = FloatTensor.allocate(count);
        boolean half = e.dtype().equals("F16");
        for (int i = 0; i < count; i++) {
          short s = raw.getShort(2 * i);
          wide.put(i, half ? HalfFloats.fromHalf(s) : HalfFloats.fromBrain(s));
        }
        return FloatTensor.wrap(e.shape(), wide);
      default:
        throw WeightsException.tensor(
            source, name, "expected dtype F32, F16 or BF16, found " + e.dtype());
    }
  }

  /**
   * A tensor of a shape known beforehand.
   *
   * @throws WeightsException naming tensor, expected and found shape
   */
  public FloatTensor floats(String name, int... expected) {
    int[] found = shape(name);
    if (found == null) {
      throw WeightsException.missing(source, name, expected);
    }
    if (!Arrays.equals(found, expected)) {
      throw WeightsException.shape(source, name, expected, found);
    }
    return floats(name);
  }

  /**
   * A whole number that is a tensor of one value, or null if there is none of this name.
   *
   * @throws WeightsException if it has more values, is no whole number or not below 2^31
   */
  @Nullable Integer whole(String name) {
    SafetensorsHeader.Entry e = header.entries().get(name);
    if (e == null) {
      return null;
    }
    if (FloatTensor.elements(e.shape()) != 1) {
      throw WeightsException.tensor(
          source, name, "expected one value, found shape " + Arrays.toString(e.shape()));
    }
    double value =
        switch (e.dtype()) {
          case "I64" -> raw(name, e).getLong(0);
          case "I32" -> raw(name, e).getInt(0);
          default -> floats(name).toArray()[0];
        };
    if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
      throw WeightsException.tensor(source, name, "expected a whole number, found " + value);
    }
    return (int) value;
  }

  private ByteBuffer raw(String name, SafetensorsHeader.Entry e) {
    long length = e.until() - e.from();
    if (length > Integer.MAX_VALUE) {
      throw WeightsException.tensor(
          source, name, "has " + length + " bytes; at most " + Integer.MAX_VALUE + " can be read");
    }
    if (channel == null) {
      int from = Math.toIntExact(dataFrom + e.from());
      return bytes.slice(from, (int) length).order(ByteOrder.LITTLE_ENDIAN);
    }
    try {
      return channel
          .map(FileChannel.MapMode.READ_ONLY, dataFrom + e.from(), length)
          .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException x) {
      throw new WeightsException(
          "%s: tensor \"%s\": cannot be mapped into memory".formatted(source, name), x);
    }
  }

  private static FloatBuffer asFloats(ByteBuffer raw, int count) {
    // Only direct buffers have an alignment: newer Java versions refuse to say that of others.
    boolean usable =
        !raw.isDirect()
            || ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                && raw.alignmentOffset(0, Float.BYTES) == 0;
    if (usable) {
      return raw.asFloatBuffer();
    }
    FloatBuffer copy = FloatTensor.allocate(count);
    copy.put(0, raw.asFloatBuffer(), 0, count);
    return copy;
  }

  /** Hex sha256 of a whole file. */
  public static String sha256(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MessageDigest digest = Sha256.begin();
      ByteBuffer block = ByteBuffer.allocate(1 << 20);
      while (channel.read(block) >= 0) {
        digest.update(block.flip());
        block.clear();
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw WeightsException.unreadable(file.toString(), e);
    }
  }

  /** Hex sha256 of bytes in memory. */
  public static String sha256(byte[] file) {
    return Sha256.hex(file);
  }

  /** Closes the file. Mapped tensors stay valid. */
  @Override
  public void close() {
    closeQuietly(channel);
  }
}
