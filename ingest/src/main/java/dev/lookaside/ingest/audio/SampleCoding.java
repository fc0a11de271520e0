package dev.lookaside.ingest.audio;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * How one sample lies in bytes. Integers map to integer / 2^(bits - 1), so full scale is [-1, 1).
 */
enum SampleCoding {
  U8(1),
  S16LE(2),
  S16BE(2),
  S24LE(3),
  S32LE(4),
  F32LE(4),
  F64LE(8);

  private static final VarHandle SHORT_LE =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT_BE =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT_LE =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG_LE =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Bytes of one sample. */
  final int bytes;

  SampleCoding(int bytes) {
    this.bytes = bytes;
  }

  /** Reads {@code count} samples starting at {@code source[at]} into {@code out[0..count)}. */
  void decode(byte[] source, int at, float[] out, int count) {
    int p = at;
    for (int i = 0; i < count; i++, p += bytes) {
      out[i] = decodeOne(source, p);
    }
  }

  private float decodeOne(byte[] b, int p) {
    return switch (this) {
      case U8 -> ((b[p] & 0xff) - 128) / 128f;
      case S16LE -> (short) SHORT_LE.get(b, p) / 32_768f;
      case S16BE -> (short) SHORT_BE.get(b, p) / 32_768f;
      case S24LE -> ((b[p] & 0xff) | (b[p + 1] & 0xff) << 8 | b[p + 2] << 16) / 8_388_608f;
      case S32LE -> (float) ((int) INT_LE.get(b, p) / 2_147_483_648.0);
      case F32LE -> Float.intBitsToFloat((int) INT_LE.get(b, p));
      case F64LE -> (float) Double.longBitsToDouble((long) LONG_LE.get(b, p));
    };
  }

  /**
   * Writes {@code count} samples starting at {@code samples[from]}. Only the codings that senders
   * use are written; 16-bit rounds to the nearest step and clips at full scale.
   */
  void encode(float[] samples, int from, byte[] target, int at, int count) {
    int p = at;
    for (int i = from; i < from + count; i++, p += bytes) {
      switch (this) {
        case S16LE -> SHORT_LE.set(target, p, toInt16(samples[i]));
        case S16BE -> SHORT_BE.set(target, p, toInt16(samples[i]));
        case F32LE -> INT_LE.set(target, p, Float.floatToRawIntBits(samples[i]));
        default -> throw new IllegalStateException("no writer for " + this);
      }
    }
  }

  private static short toInt16(float x) {
    return (short) Math.max(-32_768, Math.min(32_767, Math.round(x * 32_768f)));
  }
}
