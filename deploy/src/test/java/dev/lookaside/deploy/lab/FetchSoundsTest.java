package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script that fetches sounds by package, with a made-up package, and the table it reads. */
class FetchSoundsTest {
  private static final Path SCRIPT = Path.of("bin/fetch-sounds").toAbsolutePath();
  private static final Path TABLE = Path.of("sounds/debian-sounds.tsv");

  @TempDir private Path folder;
  private Path list;

  @BeforeEach
  void aPackageOfTwoSounds() throws Exception {
    tool("apt-get", ": >a_0_all.deb");
    tool(
        "dpkg-deb",
        """
        mkdir -p "$3/usr/share/s" "$3/usr/share/doc/bells"
        echo free >"$3/usr/share/doc/bells/copyright"
        printf one >"$3/usr/share/s/one.ogg"
        printf other >"$3/usr/share/s/two.ogg"
        """);
    // The script asks for it, though no sound here lies in an archive.
    tool("unzip", "exit 1");
    list = folder.resolve("list.tsv");
    String head = Files.readAllLines(TABLE).get(0);
    Files.writeString(
        list, head + "\n" + row("one", "train", "one") + row("two", "test", "another"));
  }

  private static String row(String name, String split, String content) throws Exception {
    String sha256 =
        HexFormat.of()
            .formatHex(
                MessageDigest.getInstance("SHA-256")
                    .digest(content.getBytes(StandardCharsets.UTF_8)));
    return String.join(
            "\t",
            "bells",
            "-",
            "usr/share/s/" + name + ".ogg",
            "bell",
            split,
            "1",
            "bells:" + name,
            split + "/bell/" + name + ".ogg",
            sha256,
            "CC0")
        + "\n";
  }

  private void tool(String name, String script) throws IOException {
    Path file = Files.createDirectories(folder.resolve("bin")).resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private String refused(String... words) throws IOException, InterruptedException {
    Path err = folder.resolve("err");
    List<String> command = new ArrayList<>(List.of(SCRIPT.toString(), "--list=" + list));
    command.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("PATH", folder.resolve("bin") + ":/usr/bin:/bin");
    Process process = builder.redirectError(err.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    return Files.readString(err);
  }

  @Test
  void aSoundThatIsTheListedOneIsKeptAndAnotherIsNamed() throws Exception {
    Path out = folder.resolve("my sounds");
    assertThat(refused(out.toString()))
        .contains("bells: usr/share/s/two.ogg: missing, or not the file that was listed")
        .contains("bells: 1 sounds")
        .contains("1 sounds are missing or differ");
    assertThat(out.resolve("train/bell/one.ogg")).hasContent("one");
    assertThat(out.resolve("test/bell/two.ogg")).doesNotExist();
    assertThat(out.resolve("copyright/bells")).hasContent("free");
    assertThat(Files.readAllLines(out.resolve("clips.csv")))
        .hasSize(2)
        .first()
        .isEqualTo("path,label,split,sha256,fold,group,package,licence");
  }

  @Test
  void wrongCallsNameWhatIsWrong() throws Exception {
    assertThat(refused("--all")).contains("--all: no such option");
    assertThat(refused()).contains("FOLDER: must be given");
    assertThat(refused("--package=drums", folder.resolve("x").toString()))
        .contains("--package \"drums\": no sound of it is listed");
  }

  @Test
  void aGroupOfTheTableLiesInOneSplit() throws IOException {
    Map<String, String> splits = new HashMap<>();
    List<String> rows = Files.readAllLines(TABLE);
    for (String row : rows.subList(1, rows.size())) {
      String[] cells = row.split("\t", -1);
      String before = splits.putIfAbsent(cells[6], cells[4]);
      assertThat(before == null ? cells[4] : before).as(cells[6]).isEqualTo(cells[4]);
    }
    assertThat(rows).hasSize(999);
    assertThat(splits.values()).contains("train", "test");
  }
}
