package dev.lookaside.classifier.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.SeededRandom;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void whatIsWrittenIsReadBackFromFileAndMemory() throws IOException {
    SeededRandom.forAll(
        SafetensorsTest.class,
        20,
        random -> {
          Map<String, FloatTensor> tensors = new TreeMap<>();
          int n = random.nextInt(5);
          for (int i = 0; i < n; i++) {
            int[] shape = {random.nextInt(4), 1 + random.nextInt(3)};
            float[] values = new float[shape[0] * shape[1]];
            for (int v = 0; v < values.length; v++) {
              values[v] = (float) random.nextGaussian();
            }
            tensors.put("t" + i + "\u00e4\"", FloatTensor.of(shape, values));
          }
          Map<String, String> metadata = Map.of("b", "2\n", "a", "\u20ac");
          Path file = folder.resolve("any.safetensors");
          SafetensorsWriter.write(file, tensors, metadata);
          byte[] bytes = SafetensorsWriter.encode(tensors, metadata);
          try (Safetensors mapped = Safetensors.open(file);
              Safetensors held = Safetensors.of(bytes, "memory")) {
            for (Safetensors read : new Safetensors[] {mapped, held}) {
              assertThat(read.metadata()).isEqualTo(metadata);
              assertThat(read.names()).isEqualTo(tensors.keySet());
              tensors.forEach(
                  (name, t) ->
                      assertThat(read.floats(name, t.shape()).toArray())
                          .containsExactly(t.toArray()));
            }
            assertThat(Safetensors.sha256(file)).isEqualTo(Safetensors.sha256(bytes));
          }
        });
  }

  @Test
  void tensorsStayReadableAfterTheFileIsClosed() {
    Path file = folder.resolve("one.safetensors");
    float[] values = {1, 2, 3};
    SafetensorsWriter.write(file, Map.of("t", FloatTensor.of(new int[] {3}, values)), Map.of());
    FloatTensor t;
    try (Safetensors opened = Safetensors.open(file)) {
      t = opened.floats("t");
    }
    assertThat(t.toArray()).containsExactly(1, 2, 3);
  }

  @Test
  void halfAndBrainFloatsAreWidenedExactly() {
    ByteBuffer data = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    for (int half : new int[] {0x3c00, 0xc000, 0x0001, 0x7bff}) {
      data.putShort((short) half);
    }
    for (int brain : new int[] {0x3f80, 0xc000, 0x0080, 0x7f7f}) {
      data.putShort((short) brain);
    }
    String json =
        """
        {"h": {"dtype": "F16", "shape": [4], "data_offsets": [0, 8]},
         "b": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [8, 16]}}""";
    Safetensors file = Safetensors.of(file(json, data.array()), "f");
    assertThat(file.floats("h").toArray()).containsExactly(1f, -2f, 0x1p-24f, 65504f);
    assertThat(file.floats("b").toArray())
        .containsExactly(1f, -2f, Float.MIN_NORMAL, Float.intBitsToFloat(0x7f7f0000));
  }

  /**
   * Every half and every bfloat16 comes back; between two, the nearest, and of two as near the
   * even.
   */
  @Test
  void narrowingGoesToTheNearest() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      short half = (short) bits;
      float value = HalfFloats.fromHalf(half);
      if (!Float.isNaN(value)) {
        assertThat(HalfFloats.toHalf(value)).as("half %x", bits).isEqualTo(half);
      }
      float brain = HalfFloats.fromBrain(half);
      if (!Float.isNaN(brain)) {
        assertThat(HalfFloats.toBrain(brain)).as("bfloat16 %x", bits).isEqualTo(half);
      }
    }
    for (int bits = 0; bits < 0x7bff; bits++) {
      float low = HalfFloats.fromHalf((short) bits);
      float high = HalfFloats.fromHalf((short) (bits + 1));
      float middle = (float) ((low + (double) high) / 2);
      assertThat(HalfFloats.toHalf(Math.nextDown(middle))).isEqualTo((short) bits);
      assertThat(HalfFloats.toHalf(Math.nextUp(middle))).isEqualTo((short) (bits + 1));
      assertThat(HalfFloats.toHalf(middle)).isEqualTo((short) (bits + (bits & 1)));
    }
    assertThat(HalfFloats.fromHalf(HalfFloats.toHalf(65_519f))).isEqualTo(65_504f);
    assertThat(HalfFloats.fromHalf(HalfFloats.toHalf(-65_520f))).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(HalfFloats.fromHalf(HalfFloats.toHalf(Float.NaN))).isNaN();
    assertThat(HalfFloats.fromBrain(HalfFloats.toBrain(Float.NaN))).isNaN();
    assertThat(HalfFloats.fromBrain(HalfFloats.toBrain(1.00390625f))).isEqualTo(1f);
    assertThat(HalfFloats.fromBrain(HalfFloats.toBrain(1.01171875f))).isEqualTo(1.015625f);
  }

  @Test
  void aHeaderOfTwoToTheSixtyBytesIsRefused() throws IOException {
    byte[] bytes = new byte[24];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 60);
    Path file = folder.resolve("huge.safetensors");
    Files.write(file, bytes);
    assertThatThrownBy(() -> Safetensors.open(file))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("huge.safetensors")
        .hasMessageContaining("header length \"1152921504606846976\": must be at most 16");
    refused(bytes, "header length \"1152921504606846976\"");
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(-1);
    refused(bytes, "header length \"18446744073709551615\"");
    refused(new byte[7], "file length \"7\"");
  }

  @Test
  void brokenHeadersAreRefusedByName() {
    refused(file("{\"t\": ", new byte[0]), "header: is malformed JSON");
    refused(file("[1]", new byte[0]), "header: must be a JSON object");
    refused(file("{} {}", new byte[0]), "header: is malformed JSON");
    refused(file("{\"t\": 1}", new byte[0]), "tensor \"t\": dtype");
    refused(file(entry("t", "F31", "[1]", 0, 4), new byte[4]), "\"t\": dtype \"F31\": not known");
    refused(file(entry("t", "F32", "[-1]", 0, 4), new byte[4]), "\"t\": shape \"[-1]\"");
    refused(
        file(entry("t", "F32", "7", 0, 4), new byte[4]), "\"t\": shape \"7\": must be an array");
    refused(
        file(entry("t", "F32", "[2147483647,2147483647,2147483647]", 0, 4), new byte[4]),
        "too many elements");
    refused(
        file("{\"__metadata__\": {\"k\": 1}}", new byte[0]), "metadata k \"1\": must be a string");
    byte[] notUtf8 = file("{\"x\": 1}", new byte[0]);
    notUtf8[10] = (byte) 0xff;
    refused(notUtf8, "header: is not UTF-8");
  }

  @Test
  void aNameGivenTwiceIsRefused() {
    String one = "\"t\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}";
    refused(file("{" + one + ", " + one + "}", new byte[4]), "is malformed JSON at line 1, column");
  }

  @Test
  void offsetsOutsideTheDataOrOverEachOtherAreRefused() {
    refused(
        file(entry("t", "F32", "[2]", 0, 8), new byte[4]),
        "\"t\": data_offsets \"[0,8]\": must lie within the 4 bytes of data");
    refused(file(entry("t", "F32", "[2]", 8, 0), new byte[8]), "must lie within");
    refused(
        file(entry("t", "F32", "[3]", 0, 8), new byte[8]),
        "expected 12 bytes for shape [3] of F32, found 8");
    String a = entry("a", "F32", "[2]", 0, 8);
    String b = entry("b", "F32", "[2]", 4, 12);
    String both = a.substring(0, a.length() - 1) + "," + b.substring(1);
    refused(file(both, new byte[12]), "tensor \"b\": data_offsets start at 4: overlaps \"a\"");
    refused(file(entry("t", "F32", "[1]", 4, 8), new byte[8]), "leaves a hole after the header");
    refused(file(entry("t", "F32", "[1]", 0, 4), new byte[8]), "8 bytes of data");
  }

  @Test
  void misshapenAndMissingTensorsNameExpectedAndFound() {
    Safetensors file = Safetensors.of(file(entry("t", "F32", "[2]", 0, 8), new byte[8]), "f");
    assertThatThrownBy(() -> file.floats("t", 3, 1))
        .hasMessage("f: tensor \"t\": expected shape [3, 1], found [2]");
    assertThatThrownBy(() -> file.floats("u", 3))
        .hasMessage("f: tensor \"u\": expected shape [3], found no such tensor");
    Safetensors ints = Safetensors.of(file(entry("t", "I64", "[1]", 0, 8), new byte[8]), "f");
    assertThatThrownBy(() -> ints.floats("t")).hasMessageContaining("found I64");
  }

  private static void refused(byte[] bytes, String complaint) {
    assertThatThrownBy(() -> Safetensors.of(bytes, "f.safetensors"))
        .isInstanceOf(WeightsException.class)
        .hasMessageContaining("f.safetensors")
        .hasMessageContaining(complaint);
  }

  private static String entry(String name, String dtype, String shape, int from, int until) {
    return "{\"%s\": {\"dtype\": \"%s\", \"shape\": %s, \"data_offsets\": [%d,%d]}}"
        .formatted(name, dtype, shape, from, until);
  }

  private static byte[] file(String json, byte[] data) {
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + header.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .put(data)
        .array();
  }
}
