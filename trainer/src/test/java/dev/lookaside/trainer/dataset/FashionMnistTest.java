package dev.lookaside.trainer.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.ImageSet;
import dev.lookaside.trainer.example.WindowSpec;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FashionMnistTest {
  private static final int SIDE = 28;
  private static final int IMAGES = 0x803;
  private static final int LABELS = 0x801;
  private static final WindowSpec SPEC = new WindowSpec(FrontEnd.AST_FBANK, 128, 0, 0.5f);

  @TempDir private Path folder;

  @BeforeEach
  void twoImages() throws IOException {
    write("t10k-images-idx3-ubyte.gz", idx(pixels(), IMAGES, 2, SIDE, SIDE));
    write("t10k-labels-idx1-ubyte", idx(new byte[] {9, 0}, LABELS, 2));
  }

  /** Pixel i of the first image is i mod 256; the second is white in its top left quarter. */
  private static byte[] pixels() {
    byte[] pixels = new byte[2 * SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) {
      pixels[i] = (byte) i;
      pixels[SIDE * SIDE + i] = (byte) (i % SIDE < 14 && i / SIDE < 14 ? 255 : 0);
    }
    return pixels;
  }

  private static byte[] idx(byte[] values, int... header) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (int number : header) {
      out.writeInt(number);
    }
    out.write(values);
    return bytes.toByteArray();
  }

  private void write(String name, byte[] bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(bytes);
    }
    Files.write(folder.resolve(name), name.endsWith(".gz") ? packed.toByteArray() : bytes);
  }

  private ImageSet load(String split) {
    return Distribution.FASHION_MNIST.images(folder, split);
  }

  @Test
  void imagesComePlainOrCompressedWithTheirLabels() {
    ImageSet images = load("test");
    assertThat(images.size()).isEqualTo(2);
    assertThat(images.labels()).hasSize(10).startsWith("t-shirt / top").endsWith("ankle boot");
    assertThat(images.label(0)).isEqualTo(9);
    assertThat(images.label(1)).isZero();
    assertThat(images.name(1)).isEqualTo("fashion-mnist, test split, image 1");
  }

  @Test
  void anImageFillsTheWindowAsASpectrogramIsDrawn() {
    float[] window = load("test").window(1, SPEC, 0, 0);
    assertThat(window).hasSize(128 * 128);
    // Early frames, high mels: the top left.
    assertThat(window[10 * 128 + 120]).isEqualTo(1);
    assertThat(window[10 * 128 + 10]).isZero();
    assertThat(window[100 * 128 + 120]).isZero();
    // Half way between two pixels of 128 / 28 cells each it is half as bright.
    assertThat(window[63 * 128 + 120] + window[64 * 128 + 120]).isCloseTo(1, within(1e-6f));
  }

  /** Against torch's interpolate(mode="bilinear", align_corners=False), by its formula. */
  @Test
  void enlargementIsBilinearBetweenPixelCentres() {
    float[] window = load("test").window(0, SPEC, 0, 0);
    double scale = 28.0 / 128;
    for (int x = 0; x < 128; x += 7) {
      for (int y = 0; y < 128; y += 5) {
        double u = Math.max(0, Math.min(27, (x + 0.5) * scale - 0.5));
        double v = Math.max(0, Math.min(27, (y + 0.5) * scale - 0.5));
        double expected = 0;
        for (int row = 0; row < SIDE; row++) {
          for (int column = 0; column < SIDE; column++) {
            double weight =
                Math.max(0, 1 - Math.abs(u - column)) * Math.max(0, 1 - Math.abs(v - row));
            expected += weight * ((row * SIDE + column) % 256);
          }
        }
        assertThat(window[x * 128 + 127 - y] * 255)
            .as("%d %d", x, y)
            .isCloseTo((float) expected, within(1e-3f));
      }
    }
  }

  @Test
  void aLongerWindowIsBlackOnBothSidesAndAMovedImageWhereItComesIn() {
    WindowSpec wide = new WindowSpec(FrontEnd.AST_FBANK, 160, 0, 0.5f);
    float[] window = load("test").window(1, wide, 0, 0);
    assertThat(Arrays.copyOfRange(window, 0, 16 * 128)).containsOnly(0);
    assertThat(window[17 * 128 + 120]).isEqualTo(1);
    float[] moved = load("test").window(1, SPEC, 2, 1);
    assertThat(moved[5 * 128 + 120]).isZero();
    assertThat(moved[12 * 128 + 120]).isEqualTo(1);
    assertThat(moved[12 * 128 + 126]).isZero();
  }

  @Test
  void statisticsAreOfThePixels() {
    double mean = 0;
    double squares = 0;
    for (byte pixel : pixels()) {
      mean += (pixel & 0xFF) / 255.0 / pixels().length;
      squares += Math.pow((pixel & 0xFF) / 255.0, 2) / pixels().length;
    }
    assertThat(load("test").statistics().mean()).isCloseTo((float) mean, within(1e-6f));
    assertThat(load("test").statistics().std())
        .isCloseTo((float) Math.sqrt(squares - mean * mean), within(1e-6f));
  }

  @Test
  void aPartIsSpreadEvenlyAndHasItsOwnIdentity() {
    ImageSet images = load("test");
    assertThat(images.limited(1).size()).isEqualTo(1);
    assertThat(images.limited(1).label(0)).isEqualTo(9);
    assertThat(images.limited(1).identity()).isNotEqualTo(images.identity());
    assertThat(images.limited(5).identity()).isEqualTo(images.identity());
  }

  private void refused(String message) {
    assertThatThrownBy(() -> load("test"))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining(folder.toString())
        .hasMessageContaining(message);
  }

  @Test
  void whatBreaksTheFilesIsNamed() throws IOException {
    write("t10k-labels-idx1-ubyte", idx(new byte[] {9, 10}, LABELS, 2));
    refused("t10k-labels-idx1-ubyte: label \"10\" of image 1: must be 0 to 9");
    write("t10k-labels-idx1-ubyte", idx(new byte[] {9}, LABELS, 1));
    refused("t10k-images-idx3-ubyte.gz: count \"2\": must be 1, as in t10k-labels-idx1-ubyte");
    write("t10k-labels-idx1-ubyte", idx(new byte[] {9}, LABELS, 2));
    refused("t10k-labels-idx1-ubyte: values \"1\": must be 2, by its sizes [2]");
    write("t10k-labels-idx1-ubyte", idx(new byte[] {9, 0, 1}, LABELS, 2));
    refused("values \"more than 2\": must be 2");
    write("t10k-labels-idx1-ubyte", idx(new byte[0], LABELS, -5));
    refused("count \"-5\": must be 1 to ");
    write("t10k-labels-idx1-ubyte", idx(new byte[] {9, 0}, IMAGES, 2));
    refused("magic number \"0x00000803\": must be 0x00000801, unsigned bytes in 1 dimensions");
    write("t10k-labels-idx1-ubyte", new byte[] {0, 0});
    refused("t10k-labels-idx1-ubyte: ends too early: the file is cut off");
  }

  @Test
  void whatBreaksTheImagesIsNamed() throws IOException {
    String name = "t10k-images-idx3-ubyte.gz";
    write(name, idx(new byte[2 * SIDE * 27], IMAGES, 2, SIDE, 27));
    refused(name + ": size of dimension 2 \"27\": must be 28");
    write(name, idx(new byte[0], IMAGES, Integer.MAX_VALUE, SIDE, SIDE));
    refused(name + ": count \"2147483647\": must be 1 to 2739137");
    write(name, idx(new byte[100], IMAGES, 2, SIDE, SIDE));
    refused(name + ": values \"100\": must be 1568, by its sizes [2, 28, 28]");
    write(name, idx(pixels(), IMAGES, 2, SIDE, SIDE));
    byte[] packed = Files.readAllBytes(folder.resolve(name));
    Files.write(folder.resolve(name), Arrays.copyOf(packed, packed.length / 2));
    refused(name + ": ends too early: the file is cut off");
    Files.write(folder.resolve(name), idx(pixels(), IMAGES, 2, SIDE, SIDE));
    refused(name + ": cannot be read: is no sound ZIP or GZIP data");
    Files.delete(folder.resolve(name));
    refused("file \"t10k-images-idx3-ubyte\": there is none, nor t10k-images-idx3-ubyte.gz");
  }

  @Test
  void splitsAndSoundsAreToldApart() {
    assertThatThrownBy(() -> load("validation"))
        .hasMessageContaining("split \"validation\": must be one of [test, train]");
    assertThatThrownBy(() -> load("train")).hasMessageContaining("train-labels-idx1-ubyte");
    assertThatThrownBy(() -> Distribution.FASHION_MNIST.load(folder, Optional.empty()))
        .hasMessageContaining("data set \"fashion-mnist\": holds images, not sounds");
    assertThatThrownBy(() -> Distribution.ESC50.images(folder, "train"))
        .hasMessageContaining("data set \"esc50\": holds sounds, not images");
  }
}
