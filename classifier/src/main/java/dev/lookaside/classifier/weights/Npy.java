package dev.lookaside.classifier.weights;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * NumPy's array file: float32, little-endian, row-major.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the
 *     format</a>
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int MAX_HEADER_BYTES = 65_536;
  private static final int ALIGN_BYTES = 64;
  private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*(?:'([^']*)'|(\\[))");
  private static final Pattern FORTRAN = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([^)]*)\\)");

  private Npy() {}

  /**
   * Reads a whole array.
   *
   * @throws WeightsException naming the file, the field and its value
   */
  public static FloatTensor read(Path file) {
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer start = read(channel, file, "magic", 8);
      byte[] magic = new byte[MAGIC.length];
      start.get(magic);
      if (!Arrays.equals(magic, MAGIC)) {
        throw new WeightsException(file + ": is not a NumPy array file (.npy)");
      }
      int major = start.get();
      if (major < 1 || major > 3) {
        throw new WeightsException("%s: version \"%d\": must be 1, 2 or 3".formatted(file, major));
      }
      ByteBuffer length = read(channel, file, "header length", major == 1 ? 2 : 4);
      long headerBytes = major == 1 ? length.getShort() & 0xffff : length.getInt() & 0xffff_ffffL;
      if (headerBytes > MAX_HEADER_BYTES) {
        throw new WeightsException(
            "%s: header length \"%d\": must be at most %d"
                .formatted(file, headerBytes, MAX_HEADER_BYTES));
      }
      String header =
          StandardCharsets.UTF_8
              .decode(read(channel, file, "header", (int) headerBytes))
              .toString();
      int[] shape = shape(file, header);
      return FloatTensor.wrap(shape, values(channel, file, shape));
    } catch (NoSuchFileException e) {
      throw new WeightsException(file + ": no such file", e);
    } catch (IOException e) {
      throw new WeightsException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Writes a whole array.
   *
   * @throws WeightsException naming the file
   */
  public static void write(Path file, FloatTensor tensor) {
    String shape =
        Arrays.stream(tensor.shape()).mapToObj(d -> d + ",").collect(Collectors.joining(" "));
    String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
    int fixed = MAGIC.length + 4 + 1;
    int padding = Math.floorMod(-(fixed + header.length()), ALIGN_BYTES);
    byte[] text = (header + " ".repeat(padding) + "\n").getBytes(StandardCharsets.US_ASCII);
    try (OutputStream out = Files.newOutputStream(file)) {
      DataOutputStream data = new DataOutputStream(out);
      data.write(MAGIC);
      data.write(new byte[] {1, 0, (byte) text.length, (byte) (text.length >> 8)});
      data.write(text);
      FloatBuffer values = tensor.buffer();
      ByteBuffer block = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
      while (values.hasRemaining()) {
        block.clear();
        while (values.hasRemaining() && block.hasRemaining()) {
          block.putFloat(values.get());
        }
        out.write(block.array(), 0, block.position());
      }
    } catch (IOException e) {
      throw new WeightsException(file + ": cannot be written: " + e, e);
    }
  }

  private static int[] shape(Path file, String header) {
    Matcher descr = DESCR.matcher(header);
    Matcher fortran = FORTRAN.matcher(header);
    Matcher shape = SHAPE.matcher(header);
    if (!descr.find() || !fortran.find() || !shape.find()) {
      throw new WeightsException(file + ": header: must have descr, fortran_order and shape");
    }
    if (!"<f4".equals(descr.group(1))) {
      String found = descr.group(1) == null ? "a record" : descr.group(1);
      throw new WeightsException(
          "%s: descr \"%s\": must be <f4 (float32, little-endian)".formatted(file, found));
    }
    if (fortran.group(1).equals("True")) {
      throw new WeightsException(file + ": fortran_order \"True\": must be False (row-major)");
    }
    List<Integer> sizes = new ArrayList<>();
    for (String size : shape.group(1).split(",")) {
      if (!size.isBlank()) {
        try {
          sizes.add(Integer.parseInt(size.strip()));
        } catch (NumberFormatException e) {
          throw new WeightsException(
              "%s: shape \"(%s)\": must be integers".formatted(file, shape.group(1)), e);
        }
      }
    }
    return sizes.stream().mapToInt(Integer::intValue).toArray();
  }

  private static FloatBuffer values(FileChannel channel, Path file, int[] shape)
      throws IOException {
    long bytes;
    try {
      bytes = Math.multiplyExact(FloatTensor.elements(shape), (long) Float.BYTES);
    } catch (ArithmeticException e) {
      bytes = Long.MAX_VALUE;
    }
    long found = channel.size() - channel.position();
    if (Arrays.stream(shape).anyMatch(d -> d < 0) || bytes != found || bytes > Integer.MAX_VALUE) {
      throw new WeightsException(
          "%s: shape \"%s\": needs %d bytes of values, the file has %d"
              .formatted(file, Arrays.toString(shape), bytes, found));
    }
    FloatBuffer values = FloatTensor.allocate((int) (bytes / Float.BYTES));
    values.put(read(channel, file, "values", (int) bytes).asFloatBuffer());
    return values.flip();
  }

  private static ByteBuffer read(FileChannel channel, Path file, String what, int bytes)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new WeightsException(
            "%s: %s: the file ends after %d of %d bytes"
                .formatted(file, what, buffer.position(), bytes));
      }
    }
    return buffer.flip();
  }
}
