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
    new Npy(new int[] {3, 2}, values).write(file);
    Npy read = Npy.read(file);
    assertThat(read.shape()).containsExactly(3, 2);
    assertThat(read.values()).containsExactly(values);
  }

  @Test
  void shapesOfAnyRankAreWrittenAsNumPyWritesThem() throws Exception {
    Path file = folder.resolve("a.npy");
    new Npy(new int[] {2}, new float[2]).write(file);
    byte[] bytes = Files.readAllBytes(file);
    assertThat(bytes).hasSize(128 + 8);
    assertThat(new String(bytes, 10, 60, StandardCharsets.US_ASCII))
        .startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }");
    new Npy(new int[] {}, new float[1]).write(file);
    assertThat(Npy.read(file).shape()).isEmpty();
  }

  @Test
  void columnMajorFilesAreTurned() throws Exception {
    Path file = folder.resolve("c.npy");
    new Npy(new int[] {2, 3}, new float[] {1, 4, 2, 5, 3, 6}).write(file);
    String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    Files.write(file, text.replace("False", "True ").getBytes(StandardCharsets.ISO_8859_1));
    assertThat(Npy.read(file).shape()).containsExactly(2, 3);
    assertThat(Npy.read(file).values()).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void otherTypesAreNamed() throws Exception {
    assertRefused(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
        8,
        "descr \"<f8\": must be <f4");
    assertRefused(
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, "descr \"\"");
    assertRefused("{'descr': '<f4', 'shape': (1,), }", 4, "fortran_order: is missing");
    assertRefused("{'descr': '<f4', 'fortran_order': False}", 4, "shape: is missing");
  }

  @Test
  void shapesThatLieAreNamed() throws Exception {
    String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }";
    assertRefused(header.formatted("3,"), 8, "shape \"[3]\": expected 12 bytes of data, found 8");
    assertRefused(header.formatted("2000000000, 2000000000, 2000000000"), 8, "found 8");
    assertRefused(header.formatted("99999999999,"), 8, "shape \"99999999999,\"");
    assertRefused(header.formatted("-1,"), 8, "shape: is missing");
  }

  @Test
  void truncatedAndForeignFilesAreNamed() throws Exception {
    Path file = folder.resolve("b.npy");
    Files.writeString(file, "RIFF....WAVE");
    assertThatThrownBy(() -> Npy.read(file)).hasMessageContaining("b.npy: is not a .npy file");
    Files.write(file, new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, -1, -1, -1, -1});
    assertThatThrownBy(() -> Npy.read(file)).hasMessageContaining("header length \"4294967295\"");
    Path none = folder.resolve("none.npy");
    assertThatThrownBy(() -> Npy.read(none)).hasMessageContaining("none.npy");
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
