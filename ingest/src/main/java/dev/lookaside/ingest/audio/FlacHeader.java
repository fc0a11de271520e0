package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What a FLAC stream says of itself.
 *
 * @param streamInfo the 34 bytes of the STREAMINFO block
 * @param lengthFrames samples per channel, or -1 if it does not say
 * @param md5 of the decoded samples; all zero if it does not say
 */
record FlacHeader(
    byte[] streamInfo, int rateHz, int channels, int bits, long lengthFrames, byte[] md5) {
  private static final int STREAMINFO_BYTES = 34;
  private static final int BLOCK_HEADER_BYTES = 4;
  private static final int LAST_BLOCK = 0x80;
  private static final int MAX_BLOCKS = 1 << 16;

  /**
   * Reads the marker and all metadata blocks, so that {@code in} stands at the first frame. Blocks
   * other than STREAMINFO are skipped unread: pictures and comments are no sound, and their inner
   * lengths can lie.
   *
   * @throws IngestException naming the field at fault
   */
  static FlacHeader read(InputStream in) throws IOException {
    String marker = new String(bytes(in, "FLAC marker", 4), StandardCharsets.ISO_8859_1);
    if (!marker.equals("fLaC")) {
      throw Faults.badAudio("FLAC marker", marker, "must be fLaC");
    }
    FlacHeader header = null;
    for (int i = 0; i < MAX_BLOCKS; i++) {
      int block = ByteBuffer.wrap(bytes(in, "metadata block " + i, BLOCK_HEADER_BYTES)).getInt();
      int type = block >>> 24 & ~LAST_BLOCK;
      int length = block & 0xffffff;
      if (header == null) {
        header = streamInfo(in, type, length);
      } else {
        skip(in, i, length);
      }
      if (block >>> 24 >= LAST_BLOCK) {
        return header;
      }
    }
    throw Faults.badAudio("metadata blocks", MAX_BLOCKS, "must be fewer");
  }

  /** The marker and STREAMINFO as the only block: a whole FLAC header for a decoder. */
  byte[] minimalBytes() {
    return ByteBuffer.allocate(4 + BLOCK_HEADER_BYTES + STREAMINFO_BYTES)
        .put("fLaC".getBytes(StandardCharsets.ISO_8859_1))
        .putInt(LAST_BLOCK << 24 | STREAMINFO_BYTES)
        .put(streamInfo)
        .array();
  }

  boolean hasMd5() {
    for (byte b : md5) {
      if (b != 0) {
        return true;
      }
    }
    return false;
  }

  private static FlacHeader streamInfo(InputStream in, int type, int length) throws IOException {
    if (type != 0 || length != STREAMINFO_BYTES) {
      throw Faults.badAudio(
          "first metadata block",
          "type %d of %d bytes".formatted(type, length),
          "must be STREAMINFO (type 0) of 34 bytes");
    }
    byte[] info = bytes(in, "STREAMINFO", STREAMINFO_BYTES);
    // 20 bits rate, 3 bits channels - 1, 5 bits sample size - 1, 36 bits samples.
    long packed = ByteBuffer.wrap(info).getLong(10);
    int rateHz = (int) (packed >>> 44);
    int channels = (int) (packed >>> 41 & 7) + 1;
    int bits = (int) (packed >>> 36 & 31) + 1;
    long frames = packed & 0xf_ffff_ffffL;
    AudioFormat.checkRate(rateHz);
    if (bits < 4 || bits > 24) {
      throw Faults.unsupported("FLAC bits per sample", bits, "must be 4 to 24");
    }
    byte[] md5 = new byte[16];
    System.arraycopy(info, 18, md5, 0, md5.length);
    return new FlacHeader(info, rateHz, channels, bits, frames == 0 ? -1 : frames, md5);
  }

  private static byte[] bytes(InputStream in, String field, int count) throws IOException {
    byte[] found = in.readNBytes(count);
    if (found.length < count) {
      throw Faults.badAudio(
          field, found.length + " bytes", "truncated: must be " + count + " bytes");
    }
    return found;
  }

  private static void skip(InputStream in, int block, int length) throws IOException {
    try {
      in.skipNBytes(length);
    } catch (EOFException e) {
      throw Faults.badAudio(
          "metadata block " + block, length + " bytes", "truncated: the FLAC ends inside");
    }
  }
}
