package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that fetches Fashion-MNIST, with a package that is not the one it knows. */
class FetchFashionMnistTest {
  private static final Path SCRIPT = Path.of("bin/fetch-fashion-mnist").toAbsolutePath();

  @TempDir private Path folder;

  @BeforeEach
  void tools() throws IOException {
    tool("apt-get", "[ \"$3\" = dataset-fashion-mnist ] && : >a_0_all.deb");
    tool(
        "dpkg-deb",
        """
        data="$3/usr/share/datasets/fashion-mnist"
        mkdir -p "$data" "$3/usr/share/doc/dataset-fashion-mnist"
        echo MIT >"$3/usr/share/doc/dataset-fashion-mnist/copyright"
        echo other >"$data/train-images-idx3-ubyte.gz"
        """);
  }

  private void tool(String name, String script) throws IOException {
    Path file = Files.createDirectories(folder.resolve("bin")).resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private String refused(String... words) throws IOException, InterruptedException {
    Path err = folder.resolve("err");
    ProcessBuilder builder = new ProcessBuilder(SCRIPT.toString());
    builder.command().addAll(List.of(words));
    builder.environment().put("PATH", folder.resolve("bin") + ":/usr/bin:/bin");
    Process process = builder.redirectError(err.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    return Files.readString(err);
  }

  @Test
  void filesThatAreNotTheListedOnesAreNamedAndNotKept() throws Exception {
    Path out = folder.resolve("fashion mnist");
    String err = refused(out.toString());
    for (String name : List.of("train-images-idx3", "train-labels-idx1", "t10k-images-idx3")) {
      assertThat(err).contains(name + "-ubyte.gz: missing, or not the file that was listed");
    }
    assertThat(err).contains("4 files are missing or differ");
    assertThat(out.resolve("copyright")).hasContent("MIT");
    assertThat(out.resolve("train-images-idx3-ubyte.gz")).doesNotExist();
  }

  @Test
  void wrongCallsNameWhatIsWrong() throws Exception {
    assertThat(refused("--all")).contains("--all: no such option");
    assertThat(refused()).contains("FOLDER: must be given");
    tool("apt-get", "echo 'E: no network' >&2; exit 100");
    assertThat(refused(folder.resolve("x").toString()))
        .contains("E: no network", "apt-get cannot download it");
  }
}
