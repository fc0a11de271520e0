package dev.lookaside.deploy.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lookaside.deploy.cli.Cli;
import dev.lookaside.deploy.cli.Golden;
import dev.lookaside.deploy.cli.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fit in a process of its own that is ended from outside. */
class FitResumeTest {
  private static final int STEPS = 180;

  @TempDir private Path folder;

  private Object[] call(String out, Object... more) {
    Object[] fixed = {
      "fit",
      Golden.file("fit/clips"),
      "--backbone",
      Golden.file("fit/backbone.safetensors"),
      "--tune",
      "loaa-both",
      "--rank",
      "2",
      "--window-frames",
      "96",
      "--epochs",
      "30",
      "--batch-size",
      "4",
      "--checkpoint-every",
      "7",
      "--log",
      folder.resolve(out + ".jsonl"),
      "--out",
      folder.resolve(out)
    };
    Object[] all = Arrays.copyOf(fixed, fixed.length + more.length);
    System.arraycopy(more, 0, all, fixed.length, more.length);
    return all;
  }

  /** Starts it and waits until its log has so many lines. */
  private Process startedAndAt(int lines) throws IOException {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    for (Object word : call("killed", "--resume")) {
      words.add(word.toString());
    }
    Process process =
        new ProcessBuilder(words)
            .redirectOutput(folder.resolve("stdout").toFile())
            .redirectError(folder.resolve("stderr").toFile())
            .start();
    await()
        .atMost(90, TimeUnit.SECONDS)
        .until(() -> lines("killed.jsonl") >= lines || !process.isAlive());
    assertThat(process.isAlive()).as(Files.readString(folder.resolve("stderr"))).isTrue();
    return process;
  }

  private long lines(String log) throws IOException {
    Path file = folder.resolve(log);
    return Files.exists(file) ? Files.readAllLines(file).size() : 0;
  }

  @Test
  void killedTwiceAndTerminatedOnceItEndsWithTheSameBytes() throws Exception {
    for (int lines : new int[] {11, 45}) {
      Process process = startedAndAt(lines);
      process.destroyForcibly();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(folder.resolve("killed")).doesNotExist();
    }
    Process terminated = startedAndAt(80);
    terminated.destroy();
    assertThat(terminated.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(terminated.exitValue()).isEqualTo(143);
    assertThat(Files.readString(folder.resolve("stderr"))).contains("stopped after step ");

    Cli resumed = Cli.run(call("killed", "--resume"));
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.err()).contains("resuming after step ");
    Cli through = Cli.run(call("through"));
    assertThat(through.exitCode()).as(through.err()).isZero();
    assertThat(folder.resolve("killed")).hasSameBinaryContentAs(folder.resolve("through"));
    assertThat(losses("killed.jsonl")).hasSize(STEPS).isEqualTo(losses("through.jsonl"));
  }

  /** The log without how fast it went. */
  private List<String> losses(String log) throws IOException {
    return Files.readAllLines(folder.resolve(log)).stream()
        .map(line -> line.substring(0, line.indexOf(",\"windowsPerSecond\"")))
        .toList();
  }
}
