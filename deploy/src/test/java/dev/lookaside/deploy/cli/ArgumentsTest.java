package dev.lookaside.deploy.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names beyond ASCII through the launcher and a real JVM, in the locales that services run in. */
@Timeout(120)
class ArgumentsTest {
  private static final String NAME = "Vögel 🐦 鳥.wav";

  @TempDir private Path folder;
  private Path launcher;
  private Path direct;

  /** A checkout that is built, whose java runs the classes of this test. */
  @BeforeEach
  void makeCheckout() throws IOException {
    Path root = folder.resolve("checkout");
    launcher = Files.createDirectories(root.resolve("deploy/bin")).resolve("lookaside");
    Files.copy(Path.of("bin/lookaside"), launcher);
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
    Files.createDirectories(root.resolve("deploy/target/lib"));
    Files.createFile(root.resolve("deploy/target/.built"));
    String java =
        "'" + Path.of(System.getProperty("java.home"), "bin/java") + "' -Djava.awt.headless=true";
    String run =
        "exec %s -cp '%s' %s \"$@\"\n"
            .formatted(java, System.getProperty("java.class.path"), Main.class.getName());
    Path bin = Files.createDirectories(folder.resolve("bin"));
    script(
        bin.resolve("java"),
        """
        for arg; do last=$arg; done
        if [ "$last" = -version ]; then echo 'openjdk version "17.0.15"' >&2; exit 0; fi
        while [ "$1" != dev.lookaside.deploy.cli.Main ]; do shift; done
        shift
        """
            + run);
    direct = bin.resolve("direct");
    script(direct, run);
  }

  private static void script(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + body);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private record Run(int exitCode, String out, String err) {}

  /** {@code argument} in the bytes given, through a shell script, since Java would encode it. */
  private Run run(Path program, String locale, byte[] argument) throws Exception {
    Path call = folder.resolve("call");
    byte[] before = ("#!/bin/sh\nexec '" + program + "' classify '").getBytes(UTF_8);
    byte[] after = "' --format json\n".getBytes(UTF_8);
    try (var out = Files.newOutputStream(call)) {
      out.write(before);
      out.write(argument);
      out.write(after);
    }
    ProcessBuilder builder = new ProcessBuilder("/bin/sh", call.toString());
    builder.environment().keySet().removeIf(n -> n.startsWith("LC_") || n.startsWith("LANG"));
    if (!locale.isEmpty()) {
      int equals = locale.indexOf('=');
      builder.environment().put(locale.substring(0, equals), locale.substring(equals + 1));
    }
    builder.environment().remove("JAVA_HOME");
    builder.environment().put("PATH", folder.resolve("bin") + ":/usr/bin:/bin");
    builder.redirectOutput(folder.resolve("out").toFile());
    builder.redirectError(folder.resolve("err").toFile());
    Process process = builder.start();
    assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
    return new Run(
        process.exitValue(),
        Files.readString(folder.resolve("out")),
        Files.readString(folder.resolve("err")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"LC_ALL=C", "", "LANG=xx_YY.UTF-8", "LC_ALL=C.UTF-8"})
  void anArgumentIsUtf8WhateverTheLocale(String locale) throws Exception {
    Run run = run(launcher, locale, NAME.getBytes(UTF_8));
    assertThat(run.err)
        .isEqualTo("lookaside classify: " + NAME + ": cannot be read: no such file or folder\n");
    assertThat(run.exitCode).isEqualTo(1);
  }

  @Test
  void bytesThatAreNotUtf8AreRejected() throws Exception {
    Run run = run(launcher, "LC_ALL=C", "Vögel.wav".getBytes(ISO_8859_1));
    assertThat(run.exitCode).isEqualTo(2);
    assertThat(run.err)
        .isEqualTo(
            "lookaside: argument \"V\ufffdgel.wav\": holds bytes that are not UTF-8; rename the file, or type the name in UTF-8\n");
  }

  @Test
  void withoutTheLauncherTheLocaleIsNamed() throws Exception {
    Run run = run(direct, "LC_ALL=C", NAME.getBytes(UTF_8));
    assertThat(run.exitCode).isEqualTo(2);
    assertThat(run.err).contains("locale's character set is").contains("set LC_ALL=C.UTF-8");
  }

  @Test
  void whatJavaMadeOfAnArgumentIsJudgedByItsBytes() {
    String[] mark = {"why?.wav"};
    assertThat(Arguments.fault(mark, "ANSI_X3.4-1968", "why?.wav".getBytes(UTF_8))).isNull();
    assertThat(Arguments.fault(mark, "ANSI_X3.4-1968", "whyö.wav".getBytes(UTF_8)))
        .contains("ANSI_X3.4-1968");
    String[] name = {NAME};
    assertThat(Arguments.fault(name, "UTF-8", NAME.getBytes(UTF_8))).isNull();
    for (String other : List.of("ISO-8859-1", "no such charset")) {
      assertThat(Arguments.fault(name, other, new byte[0])).contains(other);
    }
  }
}
