package dev.lookaside.classifier.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes safetensors. The bytes depend on the contents alone: tensors and metadata are sorted by
 * name, the header is padded with blanks to 8 bytes.
 */
public final class SafetensorsWriter {
  private static final int BLOCK_FLOATS = 1 << 16;
  private static final JsonFactory JSON = new JsonFactory();

  private SafetensorsWriter() {}

  /** The file as bytes in memory. */
  public static byte[] encode(Map<String, FloatTensor> tensors, Map<String, String> metadata) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      writeTo(out, tensors, metadata, FloatType.F32);
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot fail to be written", e);
    }
    return out.toByteArray();
  }

  /**
   * Writes the file, replacing one that is there, as float32.
   *
   * @throws WeightsException if it cannot be written
   */
  public static void write(
      Path file, Map<String, FloatTensor> tensors, Map<String, String> metadata) {
    write(file, tensors, metadata, FloatType.F32);
  }

  /**
   * As {@link #write(Path, Map, Map)}, in another type.
   *
   * @throws WeightsException also naming a tensor with a value that the type cannot hold
   */
  static void write(
      Path file, Map<String, FloatTensor> tensors, Map<String, String> metadata, FloatType type) {
    tensors.forEach((name, tensor) -> check(file, name, tensor, type));
    try (OutputStream out = Files.newOutputStream(file)) {
      writeTo(out, tensors, metadata, type);
    } catch (IOException e) {
      throw new WeightsException(file + ": cannot be written: " + e, e);
    }
  }

  private static void check(Path file, String name, FloatTensor tensor, FloatType type) {
    if (type == FloatType.F16) {
      for (float value : tensor.toArray()) {
        if (Float.isFinite(value) && (HalfFloats.toHalf(value) & 0x7c00) == 0x7c00) {
          throw WeightsException.tensor(
              file.toString(), name, value + ": is beyond the range of f16; bf16 holds it");
        }
      }
    }
  }

  private static void writeTo(
      OutputStream out,
      Map<String, FloatTensor> tensors,
      Map<String, String> metadata,
      FloatType type)
      throws IOException {
    SortedMap<String, FloatTensor> sorted = new TreeMap<>(tensors);
    byte[] header = header(sorted, new TreeMap<>(metadata), type);
    int padded = (header.length + 7) / 8 * 8;
    out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, padded).array());
    out.write(header);
    out.write(" ".repeat(padded - header.length).getBytes(StandardCharsets.US_ASCII));
    ByteBuffer block =
        ByteBuffer.allocate(BLOCK_FLOATS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (FloatTensor tensor : sorted.values()) {
      FloatBuffer data = tensor.buffer();
      for (int at = 0; at < data.capacity(); at += BLOCK_FLOATS) {
        int n = Math.min(BLOCK_FLOATS, data.capacity() - at);
        if (type == FloatType.F32) {
          block.asFloatBuffer().put(0, data, at, n);
        } else {
          for (int i = 0; i < n; i++) {
            float value = data.get(at + i);
            block.putShort(
                2 * i,
                type == FloatType.F16 ? HalfFloats.toHalf(value) : HalfFloats.toBrain(value));
          }
        }
        out.write(block.array(), 0, n * type.bytes());
      }
    }
  }

  private static byte[] header(
      Map<String, FloatTensor> tensors, Map<String, String> metadata, FloatType type)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart("__metadata__");
        for (Map.Entry<String, String> e : metadata.entrySet()) {
          json.writeStringField(e.getKey(), e.getValue());
        }
        json.writeEndObject();
      }
      long at = 0;
      for (Map.Entry<String, FloatTensor> e : tensors.entrySet()) {
        int[] shape = e.getValue().shape();
        long until = at + (long) type.bytes() * e.getValue().size();
        json.writeObjectFieldStart(e.getKey());
        json.writeStringField("dtype", type.name());
        json.writeFieldName("shape");
        json.writeArray(shape, 0, shape.length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {at, until}, 0, 2);
        json.writeEndObject();
        at = until;
      }
      json.writeEndObject();
    }
    return out.toByteArray();
  }
}
