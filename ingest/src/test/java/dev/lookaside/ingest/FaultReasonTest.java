package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnknownHostException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Of exceptions as the JDK throws them. */
class FaultReasonTest {
  @TempDir private Path folder;

  @Test
  void filesAreExplainedByWhatIsWrongWithThem() throws IOException {
    Path file = Files.writeString(folder.resolve("a"), "x");
    assertThat(reason(() -> Files.readString(folder.resolve("none"))))
        .isEqualTo("no such file or folder");
    assertThat(reason(() -> Files.createDirectory(file))).isEqualTo("is there already");
    assertThat(reason(() -> Files.newDirectoryStream(file))).isEqualTo("is no folder");
    assertThat(reasonOf(() -> Files.delete(folder))).isEqualTo("the folder is not empty");
    Files.write(file, new byte[] {(byte) 0xff});
    assertThat(reason(() -> Files.readString(file, UTF_8))).isEqualTo("is not UTF-8");
    assertThat(
            reason(() -> new GZIPInputStream(new ByteArrayInputStream("not gzip".getBytes(UTF_8)))))
        .isEqualTo("is malformed ZIP or GZIP data");
  }

  @Test
  void whatTheSystemSaysIsPassedOnAndALibrarysTypesAreNot() {
    assertThat(FaultReason.of(new FileSystemException("/x", null, "No space left on device")))
        .isEqualTo("No space left on device");
    assertThat(FaultReason.of(new FileSystemException("/x")))
        .isEqualTo("the system gives no reason");
    assertThat(FaultReason.of(new UncheckedIOException(new IOException("Connection reset\n at x"))))
        .isEqualTo("Connection reset");
    assertThat(FaultReason.of(new UnknownHostException("kafka1")))
        .isEqualTo("unknown host \"kafka1\"");
    assertThat(FaultReason.of(new IngestException("chunk 3: too long")))
        .isEqualTo("chunk 3: too long");
    assertThat(
            FaultReason.of(new NullPointerException("Cannot invoke \"a.b()\" because c is null")))
        .isEqualTo("unexpected NullPointerException, a fault of this program");
    assertThat(FaultReason.of(new OutOfMemoryError("Java heap space")))
        .isEqualTo("not enough memory");
  }

  private interface Access {
    Object run() throws IOException;
  }

  private interface Deletion {
    void run() throws IOException;
  }

  private static String reason(Access access) {
    return FaultReason.of(catchThrowable(access::run));
  }

  private static String reasonOf(Deletion deletion) {
    return FaultReason.of(catchThrowable(deletion::run));
  }
}
