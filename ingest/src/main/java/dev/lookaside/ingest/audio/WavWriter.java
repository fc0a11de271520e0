package dev.lookaside.ingest.audio;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes mono WAV files of 16-bit integers, rounded and clipped at full scale. */
public final class WavWriter {
  private static final int HEADER_BYTES = 44;
  private static final int BLOCK_SAMPLES = 8192;

  /** Of a sample. */
  private static final int BYTES = 2;

  private WavWriter() {}

  /** Writes 16-bit integers. */
  public static void writeInt16(Path file, Pcm pcm) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      out.write(header(pcm));
      byte[] bytes = new byte[BLOCK_SAMPLES * BYTES];
      for (int from = 0; from < pcm.lengthSamples(); from += BLOCK_SAMPLES) {
        int count = Math.min(BLOCK_SAMPLES, pcm.lengthSamples() - from);
        SampleCoding.S16LE.encode(pcm.samples(), from, bytes, 0, count);
        out.write(bytes, 0, count * BYTES);
      }
    }
  }

  /** The whole file as 16-bit WAV, for chunk payloads and tests. */
  public static byte[] int16(Pcm pcm) {
    byte[] wav = new byte[HEADER_BYTES + 2 * pcm.lengthSamples()];
    System.arraycopy(header(pcm), 0, wav, 0, HEADER_BYTES);
    SampleCoding.S16LE.encode(pcm.samples(), 0, wav, HEADER_BYTES, pcm.lengthSamples());
    return wav;
  }

  private static byte[] header(Pcm pcm) {
    long dataBytes = (long) pcm.lengthSamples() * BYTES;
    if (dataBytes > 0xffff_ffffL - HEADER_BYTES) {
      throw new IllegalArgumentException(
          "samples \"%d\": too many for a WAV file".formatted(pcm.lengthSamples()));
    }
    return ByteBuffer.allocate(HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(ascii("RIFF"))
        .putInt((int) (HEADER_BYTES - 8 + dataBytes))
        .put(ascii("WAVEfmt "))
        .putInt(16)
        .putShort((short) 1)
        .putShort((short) 1)
        .putInt(pcm.rateHz())
        .putInt(pcm.rateHz() * BYTES)
        .putShort((short) BYTES)
        .putShort((short) (8 * BYTES))
        .put(ascii("data"))
        .putInt((int) dataBytes)
        .array();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
