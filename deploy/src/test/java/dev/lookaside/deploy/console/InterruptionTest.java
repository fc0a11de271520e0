package dev.lookaside.deploy.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lookaside.deploy.service.StopClock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InterruptionTest {
  /** Waits to be interrupted, closes in order and leaves by itself. */
  static final class Command {
    public static void main(String[] args) throws Exception {
      StopClock clock = new StopClock(Duration.ofSeconds(1));
      try (Interruption interruption = Interruption.ofThisThread(clock)) {
        Files.createFile(Path.of(args[0]));
        close(args.length > 1);
      }
      System.exit(Interruption.exitCode());
    }

    private static void close(boolean hangs) throws InterruptedException {
      CountDownLatch never = new CountDownLatch(1);
      try {
        never.await();
      } catch (InterruptedException e) {
        System.out.println("closed in order");
        if (hangs) {
          never.await();
        }
      }
    }
  }

  @TempDir private Path folder;

  @Test
  void ctrlCInterruptsTheCommandAndGivesTheShellsExitCode() throws Exception {
    Process process = started();
    signal(process, "-INT");
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(folder.resolve("out"))).contains("closed in order");
    assertThat(process.exitValue()).isEqualTo(130);
  }

  @Test
  void sigtermDoesTheSame() throws Exception {
    Process process = started();
    signal(process, "-TERM");
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(folder.resolve("out"))).contains("closed in order");
    assertThat(process.exitValue()).isEqualTo(143);
  }

  @Test
  void aCommandThatHangsEndsWithItsStopClock() throws Exception {
    Process process = started("hang");
    long start = System.nanoTime();
    signal(process, "-TERM");
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
    assertThat(process.exitValue()).isEqualTo(143);
    assertThat(Files.readString(folder.resolve("err")))
        .contains("Not everything stopped within 1 s");
  }

  private Process started(String... more) throws Exception {
    Path ready = folder.resolve("ready");
    // A shell hands down an ignored SIGINT to what it runs in the background; a JVM respects that.
    List<String> words = new ArrayList<>(List.of("env", "--default-signal=INT"));
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(List.of("-cp", System.getProperty("java.class.path"), Command.class.getName()));
    words.add(ready.toString());
    words.addAll(List.of(more));
    Process process =
        new ProcessBuilder(words)
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(folder.resolve("err").toFile())
            .start();
    await().atMost(60, TimeUnit.SECONDS).until(() -> Files.exists(ready) || !process.isAlive());
    assertThat(process.isAlive()).as(Files.readString(folder.resolve("err"))).isTrue();
    return process;
  }

  private static void signal(Process process, String signal) throws Exception {
    int code = new ProcessBuilder("kill", signal, Long.toString(process.pid())).start().waitFor();
    assertThat(code).isZero();
  }
}
