package dev.lookaside.deploy.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every decoder of outside bytes: its kept inputs, and a short coverage-guided search from them,
 * the same for the same seed. A long one, of all decoders or of one:
 *
 * <pre>
 *   mvn -B -pl deploy -am test -Dtest=FuzzTest -Dsurefire.failIfNoSpecifiedTests=false \
 *       -Dlookaside.fuzz.seconds=3600 [-Dlookaside.fuzz.decoder=FLAC] [-Dlookaside.fuzz.seed=2]
 * </pre>
 *
 * <p>A finding stays in {@code target/fuzz}; copy its file into the decoder's seeds (without the
 * first byte if all decoders were searched), where it is checked from then on.
 */
class FuzzTest {
  /** Of a long search; 0: a number of inputs, so that a build does not depend on its machine. */
  private static final int SECONDS = Integer.getInteger("lookaside.fuzz.seconds", 0);

  private static final int INPUTS = 5_000;
  private static final int SEED = Integer.getInteger("lookaside.fuzz.seed", 1);
  private static final String DECODER = System.getProperty(Fuzz.DECODER, "");

  /** Starting and instrumenting takes time, and a loaded machine more. */
  private static final int START_SECONDS = 240;

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource(Decoder.class)
  void everyKeptInputAndItsDamagesAreReadOrRejectedInWords(Decoder decoder) throws IOException {
    List<Path> seeds = seeds(decoder);
    assertThat(seeds).as("kept inputs of %s", decoder).isNotEmpty();
    for (Path seed : seeds) {
      byte[] bytes = Files.readAllBytes(seed);
      Fuzz.check(decoder, bytes);
      for (int length = 0; length < bytes.length; length += 1 + bytes.length / 50) {
        Fuzz.check(decoder, java.util.Arrays.copyOf(bytes, length));
      }
      for (int at = 0; at < bytes.length; at += 1 + bytes.length / 50) {
        byte[] damaged = bytes.clone();
        damaged[at] ^= (byte) 0x80;
        Fuzz.check(decoder, damaged);
      }
    }
  }

  @Test
  @Tag("slow")
  @EnabledOnOs(
      value = {OS.LINUX, OS.MAC},
      disabledReason = "Jazzer's driver is built for these")
  void aSearchGuidedByCoverageFindsNothing() throws Exception {
    Path corpus = Files.createDirectories(folder.resolve("corpus"));
    for (Decoder decoder : Decoder.values()) {
      if (DECODER.isEmpty() || DECODER.equals(decoder.name())) {
        for (Path seed : seeds(decoder)) {
          Files.write(
              corpus.resolve(decoder + "-" + seed.getFileName()),
              chosen(decoder, Files.readAllBytes(seed)));
        }
      }
    }
    Path found = Files.createDirectories(Path.of("target/fuzz").toAbsolutePath());
    Path log = found.resolve("log.txt");
    Process process =
        new ProcessBuilder(command(corpus, found))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    boolean ended = process.waitFor(SECONDS + START_SECONDS, TimeUnit.SECONDS);
    if (!ended) {
      process.destroyForcibly();
    }
    String said = Files.readString(log, java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(ended).as("it ended; %s", said).isTrue();
    assertThat(process.exitValue())
        .as(
            "run again: mvn -B -pl deploy -am test -Dtest=FuzzTest -Dlookaside.fuzz.seed=%d%n%s",
            SEED, said)
        .isZero();
    assertThat(said).contains("DONE").doesNotContain("== Java Exception");
  }

  private static byte[] chosen(Decoder decoder, byte[] bytes) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    if (DECODER.isEmpty()) {
      all.write(decoder.ordinal());
    }
    all.writeBytes(bytes);
    return all.toByteArray();
  }

  private static List<Path> seeds(Decoder decoder) throws IOException {
    try (Stream<Path> files = Files.list(decoder.seeds())) {
      return files.sorted().toList();
    }
  }

  private static List<String> command(Path corpus, Path found) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx768m", "-XX:-OmitStackTraceInFastThrow"));
    if (!DECODER.isEmpty()) {
      command.add("-D" + Fuzz.DECODER + "=" + DECODER);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("com.code_intelligence.jazzer.Jazzer");
    command.add("--target_class=" + Fuzz.class.getName());
    command.add(
        "--instrumentation_includes=dev.lookaside.**:org.jflac.**:com.jcraft.**:javazoom.**");
    command.add("--reproducer_path=" + found);
    command.addAll(
        List.of(
            "-seed=" + SEED,
            SECONDS > 0 ? "-max_total_time=" + SECONDS : "-runs=" + INPUTS,
            "-timeout=20",
            "-max_len=65536",
            "-rss_limit_mb=4096",
            "-artifact_prefix=" + found + "/",
            corpus.toString()));
    return command;
  }
}
