package dev.lookaside.classifier.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpyTest {
  @TempDir private Path folder;

  @Test
  void whatIsWrittenIsReadBack() {
    Path file = folder.resolve("a.npy");
    float[] values = {1, -2.5f, Float.NaN, 1e-40f, 3, 4};
    Npy.write(file, FloatTensor.of(new int[] {3, 2}, values));
    FloatTensor read = Npy.read(file);
    assertThat(read.shape()).containsExactly(3, 2);
    assertThat(read.toArray()).containsExactly(values);
  }

  @Test
  void shapesOfAnyRankAreWrittenAsNumPyWritesThem() throws Exception {
    Path file = folder.resolve("a.npy");
    Npy.write(file, FloatTensor.of(new int[] {2}, new float[2]));
    byte[] bytes = Files.readAllBytes(file);
    assertThat(bytes).hasSize(128 + 8);
    assertThat(new String(bytes, 10, 60, StandardCharsets.US_ASCII))
        .startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }");
    Npy.write(file, FloatTensor.of(new int[] {}, new float[1]));
    assertThat(Npy.read(file).shape()).isEmpty();
  }

  @Test
  void otherTypesAndOrdersAreNamed() throws Exception {
    assertRefused(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
        8,
        "descr \"<f8\": must be <f4");
    assertRefused(
        "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", 4, "fortran_order \"True\"");
    assertRefused(
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
        4,
        "descr \"a record\"");
    assertRefused("{'shape': (1,), }", 4, "must have descr");
  }

  @Test
  void shapesThatLieAreNamed() throws Exception {
    String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }";
    assertRefused(
        header.formatted("3,"), 8, "shape \"[3]\": needs 12 bytes of values, the file has 8");
    assertRefused(header.formatted("2000000000, 2000000000, 2000000000"), 8, "the file has 8");
    assertRefused(header.formatted("-1,"), 8, "shape \"[-1]\"");
    assertRefused(header.formatted("x,"), 8, "must be integers");
  }

  @Test
  void truncatedAndForeignFilesAreNamed() throws Exception {
    Path file = folder.resolve("b.npy");
    Files.writeString(file, "RIFF....WAVE");
    assertThatThrownBy(() -> Npy.read(file)).hasMessageContaining("is not a NumPy array file");
    Files.write(file, new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, -1, -1, -1, -1});
    assertThatThrownBy(() -> Npy.read(file)).hasMessageContaining("header length \"4294967295\"");
    Files.write(file, new byte[] {(byte) 0x93, 'N'});
    assertThatThrownBy(() -> Npy.read(file)).hasMessageContaining("ends after 2 of 8 bytes");
    assertThatThrownBy(() -> Npy.read(folder.resolve("none.npy")))
        .hasMessageContaining("no such file");
  }

  private void assertRefused(String header, int valueBytes, String message) throws Exception {
    Path file = folder.resolve("bad.npy");
    ByteBuffer bytes =
        ByteBuffer.allocate(10 + header.length() + valueBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes
        .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
        .putShort((short) header.length());
    bytes.put(header.getBytes(StandardCharsets.US_ASCII));
    Files.write(file, bytes.array());
    assertThatThrownBy(() -> Npy.read(file))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("bad.npy")
        .hasMessageContaining(message);
  }
}
