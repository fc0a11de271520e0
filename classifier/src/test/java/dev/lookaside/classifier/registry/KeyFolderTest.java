package dev.lookaside.classifier.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
    KeyFolder.PublicEntry entry = keys.trust("others", theirs.path().resolve("them.pub"));
    assertThat(entry.id()).isEqualTo(key.id());
    assertThat(keys.trusted()).extracting(KeyFolder.PublicEntry::name).containsExactly("others");
    assertThat(keys.signingNames()).isEmpty();
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
    assertThatThrownBy(() -> keys.trust("t", text))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("text.pub: has no line \"-----BEGIN PUBLIC KEY-----\"");
    keys.create("a");
    assertThatThrownBy(() -> keys.trust("t", keys.path().resolve("a.key")))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("BEGIN PUBLIC KEY");
    Path broken =
        Files.writeString(
            folder.resolve("broken.pub"),
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
    assertThatThrownBy(() -> keys.trust("t", broken))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining("is no Ed25519 public key");
  }
}
