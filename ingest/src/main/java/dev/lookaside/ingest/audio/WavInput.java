package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import java.io.EOFException;
import java.io.FilterInputStream;
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
 * <p>Sizes are judged by the bytes that are there, so a file and a pipe of the same bytes are
 * judged alike. Programs that write WAV into a pipe cannot know its length and write 0xFFFFFFFF or
 * close to 0x7FFFFFFF; recorders that were killed leave 0 or what they knew last. Under lenient
 * {@link ReadRules} such a sound is read to its end.
 *
 * @see "Microsoft, Multiple Channel Audio Data and WAVE Files"
 */
final class WavInput implements AudioInput {
  private static final int TAG_INTEGER = 1;
  private static final int TAG_FLOAT = 3;
  private static final int TAG_EXTENSIBLE = 0xfffe;
  private static final int EXTENSIBLE_BYTES = 40;
  private static final int MAX_FMT_BYTES = 1 << 16;

  /** What programs write for "unknown" lies between the two, or from the third on. */
  private static final long UNKNOWN_FROM_BYTES = 0x7fff_0000L;

  private static final long UNKNOWN_UNTIL_BYTES = 0x8000_0000L;
  private static final long UNKNOWN_AGAIN_FROM_BYTES = 0xffff_0000L;

  /** The GUID of every WAVE tag is the tag followed by these bytes. */
  private static final byte[] GUID_TAIL = {
    0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xaa, 0, 0x38, (byte) 0x9b, 0x71
  };

  private record Layout(SampleCoding coding, int rateHz, int channels) {}

  private final InputStream in;
  private final RawInput samples;
  private final ReadRules rules;
  private final long declaredBytes;
  private final BoundedInputStream data;
  private final int frameBytes;
  private boolean ended;

  private WavInput(
      Counter header, Layout layout, long riffBytes, long declaredBytes, ReadRules rules) {
    this.in = header.in;
    this.rules = rules;
    this.declaredBytes = declaredBytes;
    int frameBytes = layout.coding.bytes * layout.channels;
    // A data chunk of 0 bytes with other chunks behind it is empty; else its writer was killed.
    boolean moreChunks = riffBytes < UNKNOWN_FROM_BYTES && riffBytes + 8 > header.readBytes;
    boolean empty = declaredBytes == 0 && (moreChunks || rules == ReadRules.PAYLOAD);
    if (empty || header.known() && header.left() == 0) {
      throw Faults.empty("data chunk bytes", declaredBytes);
    }
    boolean unknown = declaredBytes == 0 || unknown(declaredBytes);
    this.data = new BoundedInputStream(in, unknown ? Long.MAX_VALUE : declaredBytes);
    long length = -1;
    if (header.known()) {
      long there = unknown ? header.left() : Math.min(declaredBytes, header.left());
      length = there / frameBytes;
      judge(there, declaredBytes, frameBytes, rules);
    }
    // Half a frame at the end is part of what judge says of the size.
    ReadRules quiet = new ReadRules(false, text -> {});
    this.samples = new RawInput(data, layout.coding, layout.rateHz, layout.channels, length, quiet);
    this.frameBytes = frameBytes;
  }

  /**
   * Reads up to the first sample.
   *
   * @param availableBytes bytes that {@code in} holds, or -1 for a pipe, whose end will tell
   * @throws IngestException naming the field at fault
   */
  static WavInput open(InputStream in, long availableBytes, ReadRules rules) throws IOException {
    Counter counted = new Counter(in, availableBytes);
    String marker = counted.text("RIFF marker");
    if (!marker.equals("RIFF")) {
      throw Faults.badAudio("RIFF marker", marker, "must be RIFF");
    }
    long riffBytes = counted.uint("RIFF size");
    if (rules == ReadRules.PAYLOAD
        && riffBytes < UNKNOWN_FROM_BYTES
        && riffBytes + 8 > availableBytes) {
      throw Faults.badAudio(
          "RIFF size", riffBytes, "truncated: %d bytes in all".formatted(availableBytes));
    }
    String form = counted.text("RIFF form");
    if (!form.equals("WAVE")) {
      throw Faults.badAudio("RIFF form", form, "must be WAVE");
    }
    Layout layout = null;
    while (true) {
      String id = counted.text(layout == null ? "fmt chunk" : "data chunk");
      long bytes = counted.uint(id + " chunk bytes");
      if (id.equals("data")) {
        if (layout == null) {
          throw Faults.badAudio("chunk", id, "must come after a fmt chunk");
        }
        return new WavInput(counted, layout, riffBytes, bytes, rules);
      }
      counted.checkHolds(id, bytes);
      if (id.equals("fmt ")) {
        layout = layout(counted, bytes);
      } else {
        counted.skip(id, bytes);
      }
      counted.skip(id, bytes & 1);
    }
  }

  private static boolean unknown(long bytes) {
    return bytes >= UNKNOWN_FROM_BYTES && bytes <= UNKNOWN_UNTIL_BYTES
        || bytes >= UNKNOWN_AGAIN_FROM_BYTES;
  }

  /** Compares the declared size with the bytes that are there. */
  private static void judge(long thereBytes, long declaredBytes, int frameBytes, ReadRules rules) {
    boolean piped = unknown(declaredBytes);
    if (piped && rules == ReadRules.PAYLOAD) {
      return;
    }
    if (piped || declaredBytes == 0 || thereBytes < declaredBytes) {
      rules.disagree(
          Faults.badAudio(
              "data chunk bytes",
              declaredBytes,
              (piped ? "unknown: " : declaredBytes == 0 ? "never filled in: " : "truncated: ")
                  + "%d bytes are there".formatted(thereBytes)),
          "read to the end");
    } else if (declaredBytes % frameBytes != 0) {
      rules.disagree(
          Faults.badAudio(
              "data chunk bytes",
              declaredBytes,
              "must be a multiple of the %d bytes of a frame".formatted(frameBytes)),
          "the last %d bytes are left out".formatted(declaredBytes % frameBytes));
    }
  }

  @Override
  public int read(float[] interleaved, int maxFrames) throws IOException {
    int frames = samples.read(interleaved, maxFrames);
    if (frames < 0 && !ended) {
      ended = true;
      if (samples.lengthFrames() < 0) {
        judge(data.readBytes(), declaredBytes, frameBytes, rules);
      }
      if (!unknown(declaredBytes)) {
        checkWhatFollows();
      }
    }
    return frames;
  }

  /**
   * Other chunks or an ID3v1 tag may follow the sound; another file, or sound beyond the size, is
   * left out. What does not hold as much as it says is no chunk, however its first letters look.
   */
  private void checkWhatFollows() throws IOException {
    byte[] head;
    boolean more = skips(data.leftBytes()) && skips(declaredBytes & 1);
    while (more && (head = in.readNBytes(8)).length == 8) {
      String id = new String(head, 0, 4, StandardCharsets.ISO_8859_1);
      if (id.startsWith("TAG")) {
        return;
      }
      long bytes = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getInt(4) & 0xffff_ffffL;
      boolean chunk = !id.startsWith("RIF") && id.chars().allMatch(c -> c >= ' ' && c <= '~');
      if (!chunk || !skips(bytes)) {
        rules.disagree(
            Faults.badAudio("after the data chunk", id, "must be a whole chunk or the end"),
            "what follows the sound is left out"
                + (id.equals("RIFF") ? " (another WAV begins there)" : ""));
        return;
      }
      more = skips(bytes & 1);
    }
  }

  /** False if the input ends before; a file would be skipped beyond its end. */
  private boolean skips(long bytes) throws IOException {
    if (bytes <= 0) {
      return true;
    }
    try {
      in.skipNBytes(bytes - 1);
      return in.read() >= 0;
    } catch (EOFException e) {
      return false;
    }
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

  /** The first so many bytes of a stream. Closing it closes the stream. */
  static final class BoundedInputStream extends FilterInputStream {
    private final long maxBytes;
    private long leftBytes;

    BoundedInputStream(InputStream in, long maxBytes) {
      super(in);
      this.maxBytes = maxBytes;
      this.leftBytes = maxBytes;
    }

    /** Bytes taken so far. */
    long readBytes() {
      return maxBytes - leftBytes;
    }

    /** Bytes it would still give. */
    long leftBytes() {
      return leftBytes;
    }

    @Override
    public int read() throws IOException {
      if (leftBytes <= 0) {
        return -1;
      }
      int got = super.read();
      if (got >= 0) {
        leftBytes--;
      }
      return got;
    }

    @Override
    public int read(byte[] target, int from, int count) throws IOException {
      if (leftBytes <= 0) {
        return -1;
      }
      int got = super.read(target, from, (int) Math.min(count, leftBytes));
      if (got > 0) {
        leftBytes -= got;
      }
      return got;
    }
  }
}
