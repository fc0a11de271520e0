package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.IngestException;

/** Samples to the bytes of a chunk's payload: the reverse of {@link AudioDecoder}. */
public final class SampleEncoder {
  private SampleEncoder() {}

  /**
   * Encodes {@code count} samples. 16-bit encodings round to the nearest step and clip at full
   * scale, so sound that came from 16 bits comes out unchanged.
   *
   * @param encoding L16, S16LE or F32LE
   * @param samples interleaved, nominally [-1, 1); only read
   * @throws IngestException for an encoding that is not written
   */
  public static byte[] encode(Encoding encoding, float[] samples, int count) {
    SampleCoding coding = coding(encoding);
    byte[] bytes = new byte[count * coding.bytes];
    coding.encode(samples, 0, bytes, 0, count);
    return bytes;
  }

  static SampleCoding coding(Encoding encoding) {
    return switch (encoding) {
      case L16 -> SampleCoding.S16BE;
      case S16LE -> SampleCoding.S16LE;
      case F32LE -> SampleCoding.F32LE;
      case WAV, FLAC ->
          throw new IngestException(
              "encoding \"%s\": must be L16, S16LE or F32LE".formatted(encoding));
    };
  }
}
