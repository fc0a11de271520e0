package dev.lookaside.classifier.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyFolderTest {
  @TempDir Path folder;

  private KeyFolder keys;

  @BeforeEach
  void open() {
    keys = new KeyFolder(folder.resolve("keys"));
  }

  @Test
  void anEmptyFolderHasNoKeys() {
    assertThat(keys.signingNames()).isEmpty();
    assertThat(keys.trusted()).isEmpty();
  }

  @Test
  void aNewKeyIsKeptTrustedAndSecret() throws IOException {
    SigningKey made = keys.create("site-1");
    assertThat(keys.signing("site-1").id()).isEqualTo(made.id()).hasSize(16);
    assertThat(keys.signingNames()).containsExactly("site-1");
    assertThat(keys.trusted()).extracting(KeyFolder.PublicEntry::id).containsExactly(made.id());
    assertThat(Files.getPosixFilePermissions(keys.path().resolve("site-1.key")))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void aKeyIsNeverReplaced() {
    String first = keys.create("a").id();
    assertThatThrownBy(() -> keys.create("a"))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("is there already");
    assertThat(keys.signing("a").id()).isEqualTo(first);
  }

  @Test
  void anothersPublicKeyIsTrustedFromItsFile() {
    KeyFolder theirs = new KeyFolder(folder.resolve("theirs"));
    SigningKey key = theirs.create("them");
    KeyFolder.PublicEntry entry = keys.trust("others", theirs.path().resolve("them.pub"), 0);
    assertThat(entry.id()).isEqualTo(key.id());
    assertThat(keys.trusted()).extracting(KeyFolder.PublicEntry::name).containsExactly("others");
    assertThat(keys.signingNames()).isEmpty();
  }

  @Test
  void aKeyCountsWithinItsBoundsAndTheyStandInItsFile() throws IOException {
    KeyFolder theirs = new KeyFolder(folder.resolve("theirs"));
    theirs.create("them");
    keys.trust("them", theirs.path().resolve("them.pub"), 7);
    assertThat(keys.retire("them", 9).countsUntil()).isEqualTo(9);
    assertThat(keys.retire("them", 12).countsUntil()).as("never more").isEqualTo(9);
    KeyFolder.PublicEntry entry = keys.trusted().get(0);
    assertThat(LongStream.rangeClosed(6, 9).filter(entry::counts).boxed()).containsExactly(7L, 8L);
    // Another worker gets the file as it is.
    Path file = keys.path().resolve("trusted/them.pub");
    KeyFolder others = new KeyFolder(folder.resolve("others"));
    Files.createDirectories(others.path().resolve("trusted"));
    Files.copy(file, others.path().resolve("trusted/them.pub"));
    assertThat(others.trusted()).containsExactly(entry);
    assertThat(keys.forget("them")).isEqualTo(entry);
    assertThat(keys.trusted()).isEmpty();
    assertThatThrownBy(() -> keys.retire("them", 1)).hasMessageContaining("trusted/them.pub");

    Files.writeString(
        file, "counts-until: soon\n" + Files.readString(theirs.path().resolve("them.pub")));
    assertThatThrownBy(keys::trusted)
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("counts-until \"soon\": must be an offset, 0 or more");
  }

  @Test
  void wrongNamesAndFilesAreNamed() throws IOException {
    assertThatThrownBy(() -> keys.create("../x"))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("key name \"../x\"");
    assertThatThrownBy(() -> keys.signing("absent"))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("absent.key");
    Path text = Files.writeString(folder.resolve("text.pub"), "hello");
    assertThatThrownBy(() -> keys.trust("t", text, 0))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("text.pub: has no line \"-----BEGIN PUBLIC KEY-----\"");
    keys.create("a");
    assertThatThrownBy(() -> keys.trust("t", keys.path().resolve("a.key"), 0))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("BEGIN PUBLIC KEY");
    Path broken =
        Files.writeString(
            folder.resolve("broken.pub"),
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    assertThatThrownBy(() -> keys.trust("t", broken, 0))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("is no Ed25519 public key");
  }
}
