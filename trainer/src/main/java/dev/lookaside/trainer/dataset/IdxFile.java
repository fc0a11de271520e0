package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.TrainerException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/**
 * An IDX file of unsigned bytes, as MNIST's makers drew it, plain or compressed with gzip. Numbers
 * are big-endian.
 *
 * <pre>
 *   0        0        0x08     dimensions     magic number; 0x08: unsigned bytes
 *   size of the first dimension (32 bits)
 *   ...
 *   size of the last dimension (32 bits)
 *   bytes, the last dimension fastest
 * </pre>
 *
 * @param sizes of the dimensions
 * @param bytes all values; owned by the receiver
 */
@SuppressWarnings("ArrayRecordComponent") // As large as the data set is: not copied.
record IdxFile(Path file, int[] sizes, byte[] bytes) {
  private static final int UNSIGNED_BYTES = 0x0800;

  /**
   * Reads a whole file.
   *
   * @param folder where it lies, as {@code NAME} or {@code NAME.gz}
   * @param item sizes of the dimensions after the first
   * @throws TrainerException naming the file that is missing, cut off or of another shape, the
   *     field and its value
   */
  static IdxFile read(Path folder, String name, int... item) {
    Path file = file(folder, name);
    try (InputStream bytes = Files.newInputStream(file);
        InputStream plain = file.toString().endsWith(".gz") ? new GZIPInputStream(bytes) : bytes;
        DataInputStream in = new DataInputStream(new BufferedInputStream(plain, 1 << 16))) {
      return read(file, in, item);
    } catch (EOFException e) {
      throw new TrainerException(file + ": ends too early: the file is cut off", e);
    } catch (IOException e) {
      throw new TrainerException("%s: cannot be read: %s".formatted(file, FaultReason.of(e)), e);
    }
  }

  private static Path file(Path folder, String name) {
    for (String candidate : new String[] {name, name + ".gz"}) {
      if (Files.isRegularFile(folder.resolve(candidate))) {
        return folder.resolve(candidate);
      }
    }
    throw new TrainerException(
        "%s: file \"%s\": there is none, nor %s.gz; the data set's distribution has it"
            .formatted(folder, name, name));
  }

  private static IdxFile read(Path file, DataInputStream in, int... item) throws IOException {
    int magic = in.readInt();
    int wanted = UNSIGNED_BYTES | (1 + item.length);
    if (magic != wanted) {
      throw new TrainerException(
          "%s: magic number \"0x%08x\": must be 0x%08x, unsigned bytes in %d dimensions"
              .formatted(file, magic, wanted, 1 + item.length));
    }
    int[] sizes = new int[1 + item.length];
    long each = 1;
    for (int d = 0; d < sizes.length; d++) {
      sizes[d] = in.readInt();
      if (d > 0 && sizes[d] != item[d - 1]) {
        throw new TrainerException(
            "%s: size of dimension %d \"%d\": must be %d"
                .formatted(file, d, sizes[d], item[d - 1]));
      }
      each *= d > 0 ? item[d - 1] : 1;
    }
    long length = sizes[0] * each;
    if (sizes[0] < 1 || length > Integer.MAX_VALUE - 8) {
      throw new TrainerException(
          "%s: count \"%d\": must be 1 to %d"
              .formatted(file, sizes[0], (Integer.MAX_VALUE - 8) / each));
    }
    // Grows as it reads, so a count that is a lie costs no memory.
    byte[] bytes = in.readNBytes((int) length);
    int left = bytes.length == length ? in.read() : -1;
    if (bytes.length != length || left >= 0) {
      throw new TrainerException(
          "%s: values \"%s\": must be %d, by its sizes %s"
              .formatted(
                  file,
                  left >= 0 ? "more than " + length : Integer.toString(bytes.length),
                  length,
                  Arrays.toString(sizes)));
    }
    return new IdxFile(file, sizes, bytes);
  }
}
