package dev.lookaside.classifier.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * NumPy's array file, for float32. Written in C order; Fortran order is read, too.
 *
 * <pre>
 *   93 'NUMPY', major, minor version, header length (2 bytes, or 4 from version 2), header, data
 * </pre>
 *
 * @param shape sizes per axis
 * @param values row-major; not copied
 */
public record Npy(int[] shape, float[] values) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9,\\s]*)\\)");
  private static final int ALIGNMENT = 64;

  public Npy {
    if (FloatTensor.elements(shape) != values.length) {
      throw new IllegalArgumentException(
          "shape %s needs %d values, not %d"
              .formatted(Arrays.toString(shape), FloatTensor.elements(shape), values.length));
    }
  }

  /**
   * Reads a file.
   *
   * @throws WeightsException naming the file, the field, and the value found
   */
  public static Npy read(Path file) {
    try {
      return of(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw WeightsException.unreadable(file.toString(), e);
    }
  }

  /**
   * Reads what is in memory.
   *
   * @param file what messages call it
   */
  public static Npy of(byte[] bytes, String file) {
    if (bytes.length < 12 || !Arrays.equals(bytes, 0, 6, MAGIC, 0, 6)) {
      throw new WeightsException(file + ": is not a .npy file (no magic number)");
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int major = bytes[6];
    if (major < 1 || major > 3) {
      throw new WeightsException("%s: version \"%d\": must be 1 to 3".formatted(file, major));
    }
    int from = major == 1 ? 10 : 12;
    long headerBytes = major == 1 ? buffer.getShort(8) & 0xffff : buffer.getInt(8) & 0xffffffffL;
    if (headerBytes > bytes.length - from) {
      throw new WeightsException(
          "%s: header length \"%d\": the file has %d bytes"
              .formatted(file, headerBytes, bytes.length));
    }
    String header = new String(bytes, from, (int) headerBytes, StandardCharsets.UTF_8);
    expect(file, header, DESCR, "descr", "<f4");
    Matcher order = ORDER.matcher(header);
    if (!order.find()) {
      throw new WeightsException(file + ": fortran_order: is missing");
    }
    int[] shape = shape(file, header);
    float[] values = data(file, buffer, from + (int) headerBytes, shape);
    return new Npy(shape, order.group(1).equals("True") ? rowMajor(values, shape) : values);
  }

  /** NumPy writes a transposed array as it lies in memory: the first index runs fastest. */
  private static float[] rowMajor(float[] columnMajor, int[] shape) {
    float[] values = new float[columnMajor.length];
    int[] index = new int[shape.length];
    for (int to = 0; to < values.length; to++) {
      int from = 0;
      for (int d = shape.length - 1; d >= 0; d--) {
        from = from * shape[d] + index[d];
      }
      values[to] = columnMajor[from];
      for (int d = shape.length - 1; d >= 0 && ++index[d] == shape[d]; d--) {
        index[d] = 0;
      }
    }
    return values;
  }

  private static void expect(
      String file, String header, Pattern pattern, String field, String wanted) {
    Matcher m = pattern.matcher(header);
    String found = m.find() ? m.group(1) : "";
    if (!found.equals(wanted)) {
      throw new WeightsException("%s: %s \"%s\": must be %s".formatted(file, field, found, wanted));
    }
  }

  private static int[] shape(String file, String header) {
    Matcher m = SHAPE.matcher(header);
    if (!m.find()) {
      throw new WeightsException(file + ": shape: is missing");
    }
    try {
      return Arrays.stream(m.group(1).split(","))
          .map(String::trim)
          .filter(s -> !s.isEmpty())
          .mapToInt(Integer::parseInt)
          .toArray();
    } catch (NumberFormatException e) {
      throw new WeightsException(
          "%s: shape \"%s\": sizes must be 0 to 2147483647".formatted(file, m.group(1)), e);
    }
  }

  private static float[] data(String file, ByteBuffer buffer, int from, int[] shape) {
    long expected;
    try {
      expected = Math.multiplyExact(FloatTensor.elements(shape), (long) Float.BYTES);
    } catch (ArithmeticException e) {
      expected = Long.MAX_VALUE;
    }
    long found = buffer.capacity() - from;
    if (expected != found) {
      throw new WeightsException(
          "%s: shape \"%s\": expected %d bytes of data, found %d"
              .formatted(file, Arrays.toString(shape), expected, found));
    }
    float[] values = new float[(int) (found / Float.BYTES)];
    buffer.slice(from, (int) found).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  /**
   * Writes the file, replacing one that is there.
   *
   * @throws WeightsException if it cannot be written
   */
  public void write(Path file) {
    String sizes =
        Arrays.stream(shape).mapToObj(s -> s + ",").collect(Collectors.joining(" ", "(", ")"));
    String dict = "{'descr': '<f4', 'fortran_order': False, 'shape': " + sizes + ", }";
    int unpadded = 10 + dict.length() + 1;
    int padded = (unpadded + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    String header = dict + " ".repeat(padded - unpadded) + "\n";
    ByteBuffer out =
        ByteBuffer.allocate(Math.addExact(padded, Math.multiplyExact(values.length, Float.BYTES)))
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) header.length());
    out.put(header.getBytes(StandardCharsets.US_ASCII));
    out.asFloatBuffer().put(values);
    try {
      Files.write(file, out.array());
    } catch (IOException e) {
      throw new WeightsException(file + ": cannot be written: " + e, e);
    }
  }
}
