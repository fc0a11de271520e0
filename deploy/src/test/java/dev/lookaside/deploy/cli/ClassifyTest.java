package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.weights.Npy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassifyTest {
  @TempDir private Path folder;

  @Test
  void jsonHoldsTheFilesEventsAndNothingElse() throws Exception {
    Path file = Golden.file("epic24k.wav");
    Cli run = Cli.run("classify", file, Golden.file("tone.wav"), "--format", "json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode array = new ObjectMapper().readTree(run.out());
    assertThat(array.isArray()).isTrue();
    for (JsonNode event : array) {
      assertThat(event.get("file").asText()).endsWith(".wav");
      assertThat(event.get("offsetSeconds").asDouble())
          .isGreaterThan(event.get("onsetSeconds").asDouble());
      assertThat(event.get("peak").asDouble()).isBetween(0.0, 1.0);
    }
  }

  @Test
  void posteriorsHaveOneRowPerWindow() {
    Path out = folder.resolve("p.npy");
    Cli run = Cli.run("classify", Golden.file("tone.wav"), "--posteriors", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    // 0.68 s are 66 frames: one window of 128, padded; the bundled model judges columns of 16.
    assertThat(Npy.read(out).shape()).containsExactly(1, 8, 10);
    for (float p : Npy.read(out).values()) {
      assertThat(p).isBetween(0f, 1f);
    }
  }

  @Test
  void anUnreadableFileIsReportedAndTheOthersAreHeard() throws Exception {
    Path bad = Files.write(folder.resolve("bad.wav"), new byte[] {'R', 'I', 'F', 'F', 1, 2, 3});
    Path none = folder.resolve("none.wav");
    Path good = Golden.file("tone.wav");
    Cli alone = Cli.run("classify", good, "--format", "csv");
    Cli run = Cli.run("classify", bad, none, good, "--format", "csv");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).isEqualTo(alone.out());
    assertThat(run.err())
        .hasLineCount(2)
        .contains("bad.wav")
        .contains("none.wav")
        .doesNotContain("\tat ");
  }

  @Test
  void whereNoFileCanBeReadNothingButTheErrorIsPrinted() {
    Cli run = Cli.run("classify", folder.resolve("none.wav"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).hasLineCount(1).contains("none.wav: cannot be read: no such file");
  }

  /** As recorders that were killed leave it; by its name and through a pipe. */
  @Test
  void aFileThatLiesAboutItsLengthIsReadToItsEndUnlessStrict() throws Exception {
    Path good = Golden.file("epic24k.wav");
    byte[] bytes = Files.readAllBytes(good);
    int size = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("data") + 4;
    Arrays.fill(bytes, 4, 8, (byte) 0);
    Arrays.fill(bytes, size, size + 4, (byte) 0);
    Path killed = Files.write(folder.resolve("2024-05-01T12:30:00.wav"), bytes);
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Process cat =
        new ProcessBuilder("sh", "-c", "cat \"$0\" > \"$1\"", killed.toString(), pipe.toString())
            .start();
    Cli wanted = Cli.run("classify", good, "--format", "csv");
    for (Path way : List.of(killed, pipe)) {
      Cli run = Cli.run("classify", way, "--format", "csv");
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.out().replace(way.toString(), good.toString())).isEqualTo(wanted.out());
      assertThat(run.err()).hasLineCount(1).contains("data chunk bytes \"0\": never filled in");
    }
    assertThat(cat.waitFor()).isZero();
    Cli strict = Cli.run("classify", "--strict", killed);
    assertThat(strict.exitCode()).isEqualTo(1);
    assertThat(strict.err()).hasLineCount(1).contains("data chunk bytes \"0\": never filled in");
  }

  @Test
  void severalFilesDoNotFitOneLabelTrack() {
    Cli run = Cli.run("classify", "a.wav", "b.wav", "--format", "audacity");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--format \"audacity\": takes one FILE, not 2");
    Cli posteriors = Cli.run("classify", "a.wav", "b.wav", "--posteriors", "p.npy");
    assertThat(posteriors.exitCode()).isEqualTo(2);
    assertThat(posteriors.err()).contains("--posteriors \"p.npy\": takes one FILE, not 2");
  }

  @Test
  void anUnknownFormatIsNamed() {
    Cli run = Cli.run("classify", "a.wav", "--format", "xml");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--format").contains("xml");
  }

  @Test
  void halfAModelIsRefused() {
    Cli run = Cli.run("classify", Golden.file("tone.wav"), "--adapter", "a.safetensors");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("--adapter \"a.safetensors\": needs --backbone, too");
  }

  @Test
  void aMissingModelIsNamed() {
    Cli run =
        Cli.run("classify", Golden.file("tone.wav"), "--adapter", "a.st", "--backbone", "no.st");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).hasLineCount(1).contains("no.st").doesNotContain("unexpected");
  }

  @Test
  void plotDrawsAFile() throws Exception {
    Path out = folder.resolve("p.png");
    Cli run = Cli.run("plot", Golden.file("tone.wav"), "--out", out, "--width", "1000");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).isEmpty();
    assertThat(ImageIO.read(out.toFile()).getWidth()).isEqualTo(1000);
  }

  @Test
  void plotNamesAWidthThatIsNone() {
    Cli run = Cli.run("plot", Golden.file("tone.wav"), "--out", "p.png", "--width", "20");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--width \"20\": must be 800 to 16000");
  }

  @Test
  void plotNamesAFileThatCannotBeWritten() {
    Path out = folder.resolve("none/p.png");
    Cli run = Cli.run("plot", Golden.file("tone.wav"), "--out", out);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).hasLineCount(1).contains("--out").contains("p.png");
  }
}
