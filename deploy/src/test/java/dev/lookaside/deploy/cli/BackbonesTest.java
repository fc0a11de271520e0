package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.deploy.bundled.BundledModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackbonesTest {
  @TempDir private Path folder;

  @Test
  void checkSaysWhatTheBundledBackboneIs() {
    try (BundledModel model = BundledModel.open()) {
      Cli run = Cli.run("backbone", "check", model.backbone());
      assertThat(run.exitCode()).as(run.err()).isZero();
      assertThat(run.out())
          .containsPattern("width +192\n")
          .containsPattern("depth +12\n")
          .containsPattern("heads +3 of 64\n")
          .containsPattern("grid +8 x 8 ")
          .containsPattern("layout +timm");
    }
  }

  @Test
  void checkAsJsonIsOneObject() throws Exception {
    try (BundledModel model = BundledModel.open()) {
      Cli run = Cli.run("backbone", "check", "--json", model.backbone());
      JsonNode json = new ObjectMapper().readTree(run.out());
      assertThat(json.get("width").asInt()).isEqualTo(192);
      assertThat(json.get("gridColumns").asInt()).isEqualTo(8);
      assertThat(json.get("parameters").asLong()).isGreaterThan(2_000_000);
      assertThat(json.get("sha256").asText()).matches("[0-9a-f]{64}");
    }
  }

  @Test
  void aHeaderOfTwoToTheSixtyBytesIsRefusedByName() throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 1L << 60);
    Path file = Files.write(folder.resolve("huge.safetensors"), bytes.array());
    Cli run = Cli.run("backbone", "check", file);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .hasLineCount(1)
        .contains("huge.safetensors")
        .contains("1152921504606846976")
        .doesNotContain("unexpected");
  }

  @Test
  void whatIsDownloadedInsteadOfWeightsIsSaidToBeWhatItIs() throws Exception {
    Path pointer =
        Files.writeString(
            folder.resolve("lfs.safetensors"),
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n");
    Path zip = Files.writeString(folder.resolve("pytorch_model.bin"), "PK\3\4 and more of it");
    Cli run = Cli.run("backbone", "check", pointer);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).hasLineCount(1).contains("is a Git LFS pointer").contains("git lfs pull");
    Cli torch = Cli.run("backbone", "check", zip);
    assertThat(torch.exitCode()).isEqualTo(1);
    assertThat(torch.err()).hasLineCount(1).contains("is a PyTorch file");
  }

  @Test
  void aValueThatIsNoNumberIsNamed() throws Exception {
    try (BundledModel model = BundledModel.open()) {
      byte[] bytes = Files.readAllBytes(model.backbone());
      // The last tensor's last value, in float32.
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - 4, 0x7fc00000);
      Path file = Files.write(folder.resolve("nan.safetensors"), bytes);
      Cli run = Cli.run("backbone", "check", file);
      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.err()).hasLineCount(1).containsPattern("tensor \"\\S+\": value \\d+ is NaN");
    }
  }

  @Test
  void anAdapterIsNoBackbone() {
    try (BundledModel model = BundledModel.open()) {
      Cli run = Cli.run("backbone", "check", model.adapter());
      assertThat(run.exitCode()).isEqualTo(1);
      assertThat(run.err())
          .hasLineCount(1)
          .contains("adapter.safetensors")
          .doesNotContain("unexpected");
    }
  }

  @Test
  void withoutACommandItIsAWrongCall() {
    assertThat(Cli.run("backbone").exitCode()).isEqualTo(2);
  }

  @Test
  void randomWritesABackboneThatCheckRecognises() {
    Path file = folder.resolve("random.safetensors");
    Cli run = Cli.run("backbone", "random", "--like", "demo", "--seed", "7", "--out", file);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(Cli.run("backbone", "check", file).out()).containsPattern("width +192\n");
  }

  @Test
  void convertKeepsTheFirstBlocksIn16Bits() {
    Path file = folder.resolve("random.safetensors");
    Cli.run("backbone", "random", "--like", "demo", "--seed", "7", "--out", file);
    Path small = folder.resolve("small.safetensors");
    Cli run = Cli.run("backbone", "convert", file, "--blocks", 2, "--type", "f16", "--out", small);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(Cli.run("backbone", "check", small).out()).containsPattern("depth +2\n");
    assertThat(small.toFile().length()).isLessThan(file.toFile().length() / 5);
    Cli deep = Cli.run("backbone", "convert", file, "--blocks", 7, "--out", small);
    assertThat(deep.exitCode()).isEqualTo(1);
    assertThat(deep.err()).contains("--blocks \"7\": must be 1 to 6, the blocks of");
  }

  @Test
  void listSaysWhatEachNameIsWithoutANetwork() throws Exception {
    Cli run = Cli.run("backbone", "list");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .containsPattern("deit-tiny +Apache-2.0 +22.1 +192 +65 / 257 ")
        .contains("timm/deit_base_distilled_patch16_384.fb_in1k", "AudioSet", "mae-ast-patch");
    JsonNode json = new ObjectMapper().readTree(Cli.run("backbone", "list", "--json").out());
    assertThat(json.get(0).get("name").asText()).isEqualTo("deit-tiny");
    assertThat(json.get(0).get("parameters").asLong()).isEqualTo(5_524_416);
  }

  @Test
  void fetchOfWhatIsNoNameListsTheNames() {
    Cli run = Cli.run("backbone", "fetch", "resnet");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .hasLineCount(1)
        .contains("\"resnet\": must be OWNER/NAME[@REVISION] or one of deit-tiny,");
  }

  @Test
  void anUnknownArchitectureIsAWrongCall() {
    Cli run = Cli.run("backbone", "random", "--like", "resnet", "--out", folder.resolve("x"));
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--like \"resnet\": must be deit-tiny");
  }
}
