package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The launcher in a made-up checkout, with a {@code java} and a {@code mvn} that only say that they
 * were called.
 */
class LauncherTest {
  private static final String JAVA =
      """
      #!/bin/sh
      if [ "$1" = -version ]; then
        echo 'openjdk version "%s" 2025-04-15' >&2
        exit 0
      fi
      for arg; do last=$arg; done
      echo "ran $last"
      exit 7
      """;

  /** Counts what it is asked, has an answer to the second question, and says how it is run. */
  private static final String ASKED =
      """
      #!/bin/sh
      for arg; do last=$arg; done
      if [ "$last" = -version ]; then
        echo x >>"%1$s/asked"
        echo 'openjdk version "17.0.15" 2025-04-15' >&2
        [ "$1" = -version ] && exit 0
        echo '%2$s'
        exit %3$s
      fi
      echo "ran $*"
      """;

  private static final String MVN =
      """
      #!/bin/sh
      echo x >>"%1$s/builds"
      mkdir -p "%1$s/deploy/target/lib"
      touch "%1$s/deploy/target/.built"
      echo "noise on standard output"
      """;

  @TempDir private Path folder;
  private Path root;
  private Path bin;

  @BeforeEach
  void makeCheckout() throws Exception {
    root = Files.createDirectories(folder.resolve("a checkout"));
    bin = Files.createDirectories(folder.resolve("bin"));
    Files.createDirectories(root.resolve("deploy/bin"));
    Files.createDirectories(root.resolve("ingest/src/main/java"));
    write(root.resolve("pom.xml"), "<project/>");
    Files.copy(Path.of("bin/lookaside"), root.resolve("deploy/bin/lookaside"));
    assertThat(root.resolve("deploy/bin/lookaside").toFile().setExecutable(true)).isTrue();
    tool("java", JAVA.formatted("17.0.15"));
    tool("mvn", MVN.formatted(root));
  }

  @Test
  void buildsOnceThenOnlyRuns() throws Exception {
    Run first = launch(root.resolve("deploy/bin/lookaside"), "one");
    assertThat(first.out).isEqualTo("ran one\n");
    assertThat(first.err).hasLineCount(1).contains("building for the first time");
    assertThat(first.exitCode).isEqualTo(7);
    Run second = launch(root.resolve("deploy/bin/lookaside"), "two words");
    assertThat(second.out).isEqualTo("ran two words\n");
    assertThat(second.err).isEmpty();
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void buildsAgainWhenASourceIsNewer() throws Exception {
    launch(root.resolve("deploy/bin/lookaside"), "one");
    Path source = write(root.resolve("ingest/src/main/java/A.java"), "class A {}");
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(10)));
    assertThat(launch(root.resolve("deploy/bin/lookaside"), "two").err).contains("sources changed");
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void worksThroughSymbolicLinks() throws Exception {
    Path link =
        Files.createSymbolicLink(
            folder.resolve("link"), Path.of("a checkout/deploy/bin/lookaside"));
    Path second = Files.createSymbolicLink(bin.resolve("lookaside"), link);
    assertThat(launch(second, "three").out).isEqualTo("ran three\n");
  }

  @Test
  void anOlderJavaIsNamed() throws Exception {
    tool("java", JAVA.formatted("1.8.0_442"));
    Run run = launch(root.resolve("deploy/bin/lookaside"), "one");
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(run.err).contains("is Java 1.8.0_442: needs Java 17 or newer");
    assertThat(run.out).isEmpty();
  }

  @Test
  void aJavaThatCanTrimsTheNativeHeapAndIsAskedOnce() throws Exception {
    tool("java", ASKED.formatted(root, "", 0));
    for (int run = 0; run < 2; run++) {
      assertThat(launch(root.resolve("deploy/bin/lookaside"), "one").out)
          .contains(" -XX:TrimNativeHeapInterval=10000 ")
          .endsWith(" one\n");
    }
    // Its version, and the option.
    assertThat(Files.readAllLines(root.resolve("asked"))).hasSize(2);
  }

  @Test
  void shortCommandsAreNotOptimised() throws Exception {
    Path script = root.resolve("deploy/bin/lookaside");
    tool("java", ASKED.formatted(root, "", 0));
    for (String command : List.of("--help", "label", "adapter")) {
      assertThat(launch(script, command).out).contains(" -XX:TieredStopAtLevel=1 ");
    }
    for (String command : List.of("run", "classify", "fit")) {
      assertThat(launch(script, command).out).doesNotContain("TieredStopAtLevel");
    }
  }

  @ParameterizedTest
  @CsvSource({"warning: not supported on this platform, 0", "Unrecognized VM option, 1"})
  void aJavaThatCannotIsNotToldTo(String says, int exitCode) throws Exception {
    tool("java", ASKED.formatted(root, says, exitCode));
    for (int run = 0; run < 2; run++) {
      Run launched = launch(root.resolve("deploy/bin/lookaside"), "one");
      assertThat(launched.out).doesNotContain("TrimNativeHeapInterval").endsWith(" one\n");
      assertThat(launched.err).doesNotContain(says);
    }
    assertThat(Files.readAllLines(root.resolve("asked"))).hasSize(2);
  }

  @Test
  void aServiceTakesAHeapThatStaysAsItIs() throws Exception {
    Path script = root.resolve("deploy/bin/lookaside");
    tool("java", ASKED.formatted(root, "", 0));
    assertThat(launch(script, "one").out).doesNotContain("-Xm");
    String fixed = " -Xms%1$s -Xmx%1$s -XX:+AlwaysPreTouch -XX:+ExitOnOutOfMemoryError ";
    assertThat(launch(script, "run").out).contains(fixed.formatted("512m")).endsWith(" run\n");
    assertThat(launch(script, Map.of("LOOKASIDE_HEAP", "2g"), "run", "--page-port", "0").out)
        .contains(fixed.formatted("2g"));
    assertThat(launch(script, Map.of(), "bench", "swaps").out).contains(fixed.formatted("512m"));
    assertThat(launch(script, Map.of(), "bench", "memory").out).doesNotContain("-Xm");
    assertThat(launch(script, Map.of("LOOKASIDE_JAVA_OPTS", "-Xmx256m"), "run").out)
        .contains(" -Xmx256m ")
        .doesNotContain("-Xms", "-Xmx512m");
  }

  @Test
  void aFailedBuildShowsItsLog() throws Exception {
    tool("mvn", "#!/bin/sh\necho '[ERROR] A.java is wrong'\nexit 1\n");
    Run run = launch(root.resolve("deploy/bin/lookaside"), "one");
    assertThat(run.exitCode).isEqualTo(1);
    assertThat(run.err).contains("[ERROR] A.java is wrong").contains("lookaside: the build failed");
    assertThat(run.out).isEmpty();
    assertThat(root.resolve("deploy/target/.building")).doesNotExist();
  }

  @Test
  void aBuildLockWhoseOwnerDiedIsTakenOver() throws Exception {
    Path lock = Files.createDirectories(root.resolve("deploy/target/.building"));
    // Above the largest process id a kernel gives.
    write(lock.resolve("pid"), "99999999\n");
    assertThat(launch(root.resolve("deploy/bin/lookaside"), "one").out).isEqualTo("ran one\n");
  }

  private record Run(int exitCode, String out, String err) {}

  private Run launch(Path script, String arg) throws IOException, InterruptedException {
    return launch(script, Map.of(), arg);
  }

  private Run launch(Path script, Map<String, String> environment, String... args)
      throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(Stream.concat(Stream.of(script.toString()), Stream.of(args)).toList());
    builder.directory(folder.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().put("PATH", bin + ":/usr/bin:/bin");
    for (String name : List.of("JAVA_HOME", "LOOKASIDE_HEAP", "LOOKASIDE_JAVA_OPTS")) {
      builder.environment().remove(name);
    }
    builder.environment().putAll(environment);
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Run(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  private long builds() throws IOException {
    return Files.readAllLines(root.resolve("builds")).size();
  }

  private void tool(String name, String script) throws IOException {
    assertThat(write(bin.resolve(name), script).toFile().setExecutable(true)).isTrue();
  }

  private static Path write(Path file, String text) throws IOException {
    return Files.writeString(file, text, StandardCharsets.UTF_8);
  }
}
