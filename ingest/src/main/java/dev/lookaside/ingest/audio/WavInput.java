package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * WAV: integer PCM of 8, 16, 24 or 32 bits, float of 32 or 64 bits, plain or {@code
 * WAVE_FORMAT_EXTENSIBLE}.
 *
 * <pre>
 *   "RIFF" size "WAVE" { id size bytes [pad to even] }*
 *   "fmt " tag channels rate byteRate blockAlign bits [cbSize validBits mask GUID(tag ...)]
 *   "data" samples
 * </pre>
 *
 * <p>Programs that write WAV into a pipe cannot know its length; they write 0xFFFFFFFF or close to
 * 0x7FFFFFFF. Such a length means "to the end".
 *
 * @see "Microsoft, Multiple Channel Audio Data and WAVE Files"
 */
final class WavInput implements AudioInput {
  private static final int TAG_INTEGER = 1;
  private static final int TAG_FLOAT = 3;
  private static final int TAG_EXTENSIBLE = 0xfffe;
  private static final int EXTENSIBLE_BYTES = 40;
  private static final int MAX_FMT_BYTES = 1 << 16;
  private static final long UNKNOWN_FROM_BYTES = 0x7fff_0000L;

  /** The GUID of every WAVE tag is the tag followed by these bytes. */
  private static final byte[] GUID_TAIL = {
    0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xaa, 0, 0x38, (byte) 0x9b, 0x71
  };

  private record Layout(SampleCoding coding, int rateHz, int channels) {}

  private final RawInput samples;

  private WavInput(RawInput samples) {
    this.samples = samples;
  }

  /**
   * Reads up to the first sample.
   *
   * @param availableBytes bytes that {@code in} holds, or -1 for a pipe, whose end is then taken as
   *     the end of the sound
   * @throws IngestException naming the field at fault
   */
  static WavInput open(InputStream in, long availableBytes) throws IOException {
    Counter counted = new Counter(in, availableBytes);
    String marker = counted.text("RIFF marker");
    if (!marker.equals("RIFF")) {
      throw Faults.badAudio("RIFF marker", marker, "must be RIFF");
    }
    long riffBytes = counted.uint("RIFF size");
    if (availableBytes >= 0 && riffBytes < UNKNOWN_FROM_BYTES && riffBytes + 8 > availableBytes) {
      throw Faults.badAudio(
          "RIFF size", riffBytes, "truncated: %d bytes in all".formatted(availableBytes));
    }
    String form = counted.text("RIFF form");
    if (!form.equals("WAVE")) {
      throw Faults.badAudio("RIFF form", form, "must be WAVE");
    }
    return new WavInput(readChunks(counted, in));
  }

  private static RawInput readChunks(Counter in, InputStream rest) throws IOException {
    Layout layout = null;
    while (true) {
      String id = in.text(layout == null ? "fmt chunk" : "data chunk");
      long bytes = in.uint(id + " chunk bytes");
      if (id.equals("data")) {
        if (layout == null) {
          throw Faults.badAudio("chunk", id, "must come after a fmt chunk");
        }
        return data(layout, in, rest, bytes);
      }
      in.checkHolds(id, bytes);
      if (id.equals("fmt ")) {
        layout = layout(in, bytes);
      } else {
        in.skip(id, bytes);
      }
      in.skip(id, bytes & 1);
    }
  }

  private static RawInput data(Layout layout, Counter in, InputStream rest, long declared)
      throws IOException {
    long bytes = declared;
    int frameBytes = layout.coding.bytes * layout.channels;
    if (bytes >= UNKNOWN_FROM_BYTES || !in.known()) {
      bytes = in.known() ? in.left() / frameBytes * frameBytes : -1;
    } else {
      in.checkHolds("data", bytes);
    }
    if (bytes == 0) {
      throw Faults.empty("data chunk bytes", declared);
    }
    if (bytes % frameBytes != 0 && bytes > 0) {
      throw Faults.badAudio(
          "data chunk bytes",
          bytes,
          "must be a multiple of the %d bytes of a frame".formatted(frameBytes));
    }
    // A pipe's data length is believed only when it looks real; its end may come earlier.
    InputStream source = rest;
    if (bytes < 0 && declared > 0 && declared < UNKNOWN_FROM_BYTES) {
      source = new BoundedInputStream(rest, declared);
    }
    return new RawInput(
        source, layout.coding, layout.rateHz, layout.channels, bytes < 0 ? -1 : bytes / frameBytes);
  }

  private static Layout layout(Counter in, long declared) throws IOException {
    if (declared < 16 || declared > MAX_FMT_BYTES) {
      throw Faults.badAudio("fmt chunk bytes", declared, "must be 16 to " + MAX_FMT_BYTES);
    }
    ByteBuffer fmt = ByteBuffer.wrap(in.bytes("fmt chunk", (int) declared));
    fmt.order(ByteOrder.LITTLE_ENDIAN);
    int tag = fmt.getShort(0) & 0xffff;
    final int channels = fmt.getShort(2) & 0xffff;
    final long rateHz = fmt.getInt(4) & 0xffff_ffffL;
    final int frameBytes = fmt.getShort(12) & 0xffff;
    final int bits = fmt.getShort(14) & 0xffff;
    if (tag == TAG_EXTENSIBLE) {
      tag = extendedTag(fmt, declared);
    }
    AudioFormat.checkChannels(channels);
    AudioFormat.checkRate(rateHz);
    SampleCoding coding = coding(tag, bits);
    if (frameBytes != coding.bytes * channels) {
      throw Faults.badAudio(
          "fmt blockAlign",
          frameBytes,
          "must be %d for %d channels of %d bits"
              .formatted(coding.bytes * channels, channels, bits));
    }
    return new Layout(coding, (int) rateHz, channels);
  }

  private static int extendedTag(ByteBuffer fmt, long declared) {
    if (declared < EXTENSIBLE_BYTES) {
      throw Faults.badAudio(
          "fmt chunk bytes", declared, "must be 40 or more for WAVE_FORMAT_EXTENSIBLE");
    }
    for (int i = 0; i < GUID_TAIL.length; i++) {
      if (fmt.get(26 + i) != GUID_TAIL[i]) {
        throw Faults.unsupported("fmt GUID", "byte " + (i + 2), "is no WAVE format");
      }
    }
    return fmt.getShort(24) & 0xffff;
  }

  private static SampleCoding coding(int tag, int bits) {
    if (tag == TAG_INTEGER) {
      return switch (bits) {
        case 8 -> SampleCoding.U8;
        case 16 -> SampleCoding.S16LE;
        case 24 -> SampleCoding.S24LE;
        case 32 -> SampleCoding.S32LE;
        default -> throw Faults.unsupported("fmt bits", bits, "must be 8, 16, 24 or 32");
      };
    }
    if (tag == TAG_FLOAT) {
      return switch (bits) {
        case 32 -> SampleCoding.F32LE;
        case 64 -> SampleCoding.F64LE;
        default -> throw Faults.unsupported("fmt bits", bits, "must be 32 or 64 for float");
      };
    }
    throw Faults.unsupported("fmt tag", tag, "must be 1 (integer) or 3 (float)");
  }

  @Override
  public int rateHz() {
    return samples.rateHz();
  }

  @Override
  public int channels() {
    return samples.channels();
  }

  @Override
  public long lengthFrames() {
    return samples.lengthFrames();
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    return samples.read(interleaved, maxFrames);
  }

  @Override
  public void close() throws IOException {
    samples.close();
  }

  /** Reads header fields and knows how many bytes are left. */
  private static final class Counter {
    private final InputStream in;
    private final long availableBytes;
    private long readBytes;

    Counter(InputStream in, long availableBytes) {
      this.in = in;
      this.availableBytes = availableBytes;
    }

    boolean known() {
      return availableBytes >= 0;
    }

    long left() {
      return availableBytes - readBytes;
    }

    void checkHolds(String id, long bytes) {
      if (known() && bytes > left()) {
        throw Faults.badAudio(
            id.strip() + " chunk bytes", bytes, "truncated: only %d are left".formatted(left()));
      }
    }

    byte[] bytes(String field, int count) throws IOException {
      byte[] found = in.readNBytes(count);
      readBytes += found.length;
      if (found.length < count) {
        throw Faults.badAudio(
            field, readBytes, "truncated: the WAV ends here, after that many bytes");
      }
      return found;
    }

    String text(String field) throws IOException {
      return new String(bytes(field, 4), StandardCharsets.ISO_8859_1);
    }

    long uint(String field) throws IOException {
      byte[] b = bytes(field, 4);
      return ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).getInt() & 0xffff_ffffL;
    }

    void skip(String id, long bytes) throws IOException {
      try {
        in.skipNBytes(bytes);
        readBytes += bytes;
      } catch (EOFException e) {
        throw Faults.badAudio(id.strip() + " chunk bytes", bytes, "truncated: the WAV ends inside");
      }
    }
  }
}
