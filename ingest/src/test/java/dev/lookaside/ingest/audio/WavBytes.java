package dev.lookaside.ingest.audio;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** WAV files made field by field, so that tests can make each field lie. */
final class WavBytes {
  int tag = 1;
  int channels = 1;
  long rateHz = 16_000;
  int bits = 16;
  int blockAlign = -1;
  long riffBytes = -1;
  long dataBytes = -1;
  boolean extensible;
  byte[] before = new byte[0];
  byte[] data = new byte[8];

  byte[] build() {
    ByteArrayOutputStream fmt = new ByteArrayOutputStream();
    ByteBuffer f = little(extensible ? 40 : 16);
    f.putShort((short) (extensible ? 0xfffe : tag));
    f.putShort((short) channels);
    f.putInt((int) rateHz);
    f.putInt((int) rateHz * channels * bits / 8);
    f.putShort((short) (blockAlign < 0 ? channels * ((bits + 7) / 8) : blockAlign));
    f.putShort((short) bits);
    if (extensible) {
      f.putShort((short) 22).putShort((short) bits).putInt(0).putShort((short) tag);
      f.put(
          new byte[] {
            0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xaa, 0, 0x38, (byte) 0x9b, 0x71
          });
    }
    fmt.writeBytes(f.array());
    ByteBuffer out = little(12 + 8 + fmt.size() + before.length + 8 + data.length);
    out.put(ascii("RIFF"));
    out.putInt((int) (riffBytes < 0 ? out.capacity() - 8 : riffBytes));
    out.put(ascii("WAVEfmt ")).putInt(fmt.size()).put(fmt.toByteArray());
    out.put(before);
    out.put(ascii("data"));
    out.putInt((int) (dataBytes < 0 ? data.length : dataBytes));
    return out.put(data).array();
  }

  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
