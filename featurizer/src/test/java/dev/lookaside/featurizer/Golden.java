package dev.lookaside.featurizer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** Reads the golden files: PCM16 mono WAV with a plain header, float32 npy of 128 columns. */
final class Golden {
  private static final int WAV_HEADER_BYTES = 44;
  private static final int MELS = 128;
  private static final int NPY_PREFIX_BYTES = 10;

  private Golden() {}

  static float[] wav(String name) {
    ByteBuffer bytes = bytes(name);
    bytes.position(WAV_HEADER_BYTES);
    float[] samples = new float[bytes.remaining() / 2];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = bytes.getShort() / 32768f;
    }
    return samples;
  }

  static float[] npy(String name) {
    ByteBuffer bytes = bytes(name);
    int header = bytes.getShort(8);
    String text = new String(bytes.array(), NPY_PREFIX_BYTES, header, StandardCharsets.US_ASCII);
    if (!text.contains("'<f4'")) {
      throw new IllegalArgumentException(name + ": not little-endian float32: " + text);
    }
    bytes.position(NPY_PREFIX_BYTES + header);
    float[] values = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(values);
    return text.contains("'fortran_order': True") ? transposed(values) : values;
  }

  /** librosa's arrays are [mels][frames] in memory. */
  private static float[] transposed(float[] values) {
    int frames = values.length / MELS;
    float[] rows = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rows[i % frames * MELS + i / frames] = values[i];
    }
    return rows;
  }

  private static ByteBuffer bytes(String name) {
    try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name)) {
      return ByteBuffer.wrap(Objects.requireNonNull(in, name).readAllBytes())
          .order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
