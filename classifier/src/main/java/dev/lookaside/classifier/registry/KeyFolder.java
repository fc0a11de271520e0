package dev.lookaside.classifier.registry;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Keys as files.
 *
 * <pre>
 *   NAME.key           private, PEM (PKCS #8), readable by the owner only: signs
 *   NAME.pub           public, PEM (X.509): to be given to others
 *   trusted/NAME.pub   public keys whose signatures count here
 * </pre>
 */
public final class KeyFolder {
  /** A public key, what this folder calls it and its id. */
  public record PublicEntry(String name, PublicKey key) {
    public String id() {
      return Keys.idOf(key);
    }
  }

  private static final String PRIVATE_SUFFIX = ".key";
  private static final String PUBLIC_SUFFIX = ".pub";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  private final Path folder;

  /** The folder need not be there until a key is made or trusted. */
  public KeyFolder(Path folder) {
    this.folder = folder;
  }

  public Path path() {
    return folder;
  }

  /**
   * Makes a key pair and trusts it here.
   *
   * @throws RegistryException if there is one of that name or it cannot be written
   */
  public SigningKey create(String name) {
    checkName(name);
    try {
      KeyPair pair = KeyPairGenerator.getInstance(Keys.ALGORITHM).generateKeyPair();
      Files.createDirectories(folder);
      write(folder.resolve(name + PRIVATE_SUFFIX), Keys.pem(pair.getPrivate()), true);
      write(folder.resolve(name + PUBLIC_SUFFIX), Keys.pem(pair.getPublic()), false);
      trust(name, pair.getPublic());
      return new SigningKey(name, pair.getPrivate(), pair.getPublic());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java from 15 on has Ed25519", e);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /**
   * The key pair of that name.
   *
   * @throws RegistryException if it is not there or not sound
   */
  public SigningKey signing(String name) {
    checkName(name);
    Path file = folder.resolve(name + PRIVATE_SUFFIX);
    return new SigningKey(
        name,
        Keys.privateKey(read(file), file.toString()),
        publicKey(folder.resolve(name + PUBLIC_SUFFIX)));
  }

  /** Names of the key pairs, sorted. */
  public List<String> signingNames() {
    return names(folder, PRIVATE_SUFFIX);
  }

  /** Trusts the public key of a PEM file under {@code name}. */
  public PublicEntry trust(String name, Path pem) {
    checkName(name);
    PublicKey key = publicKey(pem);
    trust(name, key);
    return new PublicEntry(name, key);
  }

  /** The trusted keys, sorted by name. */
  public List<PublicEntry> trusted() {
    List<PublicEntry> keys = new ArrayList<>();
    for (String name : names(trustedFolder(), PUBLIC_SUFFIX)) {
      keys.add(new PublicEntry(name, publicKey(trustedFolder().resolve(name + PUBLIC_SUFFIX))));
    }
    return keys;
  }

  private void trust(String name, PublicKey key) {
    try {
      Files.createDirectories(trustedFolder());
      write(trustedFolder().resolve(name + PUBLIC_SUFFIX), Keys.pem(key), false);
    } catch (IOException e) {
      throw failed(trustedFolder(), e);
    }
  }

  private Path trustedFolder() {
    return folder.resolve("trusted");
  }

  private static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw RegistryException.of(
          "key name", name, "must be 1 to 64 letters, digits, dots, dashes and underscores");
    }
  }

  private static void write(Path file, String text, boolean secret) throws IOException {
    boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] attributes =
        secret && posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    try {
      Files.createFile(file, attributes);
    } catch (FileAlreadyExistsException e) {
      throw new RegistryException(file + ": is there already; give another name", e);
    }
    Files.writeString(file, text, StandardOpenOption.TRUNCATE_EXISTING);
  }

  private static PublicKey publicKey(Path file) {
    return Keys.publicKey(read(file), file.toString());
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static List<String> names(Path folder, String suffix) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.endsWith(suffix))
          .map(n -> n.substring(0, n.length() - suffix.length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private static RegistryException failed(Path file, IOException e) {
    return new RegistryException(file + ": cannot be read or written: " + e, e);
  }
}
