package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeaturesTest {
  @TempDir private Path folder;

  @Test
  void astFbankEqualsTheGoldenNumbers() {
    Path out = folder.resolve("tone.npy");
    Cli run = Cli.run("features", Golden.file("tone.wav"), "--frontend", "ast-fbank", "--out", out);
    assertThat(run.err()).contains("frames of 128 mels");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEmpty();
    Golden.assertClose(Npy.read(out), Npy.read(Golden.file("tone.fbank.npy")), 1e-3);
  }

  @Test
  void epicLogMelEqualsTheGoldenNumbers() {
    Path out = folder.resolve("epic.npy");
    Cli run =
        Cli.run("features", Golden.file("epic24k.wav"), "--frontend=epic-logmel", "--out", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    Golden.assertClose(Npy.read(out), Npy.read(Golden.file("epic24k.epic-logmel.npy")), 1e-3);
  }

  @Test
  void anotherSampleRateIsResampled() {
    Path out = folder.resolve("epic16.npy");
    Cli run = Cli.run("features", Golden.file("epic24k.wav"), "--out", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(Npy.read(out).shape()[1]).isEqualTo(128);
  }

  @Test
  void anUnknownFrontEndIsAWrongCall() {
    Cli run =
        Cli.run(
            "features",
            Golden.file("tone.wav"),
            "--frontend",
            "mfcc",
            "--out",
            folder.resolve("x"));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .startsWith("lookaside features: --frontend \"mfcc\": must be ast-fbank or epic-logmel");
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("none.wav");
    Cli run = Cli.run("features", file, "--out", folder.resolve("x.npy"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(file.toString()).hasLineCount(1);
    assertThat(folder.resolve("x.npy")).doesNotExist();
  }

  @Test
  void aFileThatIsNoAudioIsNamed() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("text.wav"), "this is not audio at all, whatever its name says");
    Cli run = Cli.run("features", file, "--out", folder.resolve("x.npy"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(file.toString()).hasLineCount(1).doesNotContain("unexpected");
  }

  @Test
  void aClipShorterThanAFrameIsAnError() throws Exception {
    byte[] whole = Files.readAllBytes(Golden.file("tone.wav"));
    byte[] cut = Arrays.copyOf(whole, 44 + 100);
    ByteBuffer.wrap(cut).order(ByteOrder.LITTLE_ENDIAN).putInt(4, 136).putInt(40, 100);
    Path file = Files.write(folder.resolve("short.wav"), cut);
    Cli run = Cli.run("features", file, "--out", folder.resolve("x.npy"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .contains("50 samples at 16000 Hz are shorter than one frame of ast-fbank");
  }

  @Test
  void aFolderThatIsNotThereIsNamed() {
    Path out = folder.resolve("no/such/folder/f.npy");
    Cli run = Cli.run("features", Golden.file("tone.wav"), "--out", out);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains(out.toString()).hasLineCount(1);
  }
}
