package dev.lookaside.classifier.registry;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Keys as files.
 *
 * <pre>
 *   NAME.key           private, PEM (PKCS #8), readable by the owner only: signs
 *   NAME.pub           public, PEM (X.509): to be given to others
 *   trusted/NAME.pub   public keys whose signatures count here; before the key may stand
 *                        counts-from: N       for records from offset N of the ledger's topic on
 *                        counts-until: N      for records before offset N
 * </pre>
 *
 * <p>The bounds stand in the file, not in a worker's memory, so that workers with the same files go
 * by the same ledger whenever they were started.
 */
public final class KeyFolder {
  /**
   * A public key and what this folder calls it.
   *
   * @param countsFrom the first record of the ledger's topic that it counts for
   * @param countsUntil the first one after it that it does not count for; {@link #NO_END}: none
   */
  public record PublicEntry(String name, PublicKey key, long countsFrom, long countsUntil) {
    /** No bound at the end. */
    public static final long NO_END = Long.MAX_VALUE;

    /** Whether it counts for the record at this offset. */
    boolean counts(long offset) {
      return offset >= countsFrom && offset < countsUntil;
    }

    public String id() {
      return Keys.idOf(key);
    }
  }

  private static final String PRIVATE_SUFFIX = ".key";
  private static final String PUBLIC_SUFFIX = ".pub";
  private static final String FROM = "counts-from";
  private static final String UNTIL = "counts-until";
  private static final Pattern BOUND =
      Pattern.compile("^(" + FROM + "|" + UNTIL + "):(.*)$", Pattern.MULTILINE);
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
      write(new PublicEntry(name, pair.getPublic(), 0, PublicEntry.NO_END), false);
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

  /**
   * Trusts the public key of a PEM file under {@code name}.
   *
   * @param countsFrom the first record of the ledger's topic that it counts for; 0: all
   * @throws RegistryException if there is one of that name or the file is no key
   */
  public PublicEntry trust(String name, Path pem, long countsFrom) {
    checkName(name);
    PublicEntry entry = new PublicEntry(name, publicKey(pem), countsFrom, PublicEntry.NO_END);
    write(entry, false);
    return entry;
  }

  /**
   * Lets a trusted key count for no record from this offset on.
   *
   * @throws RegistryException if there is none of that name
   */
  public PublicEntry retire(String name, long countsUntil) {
    PublicEntry known = trusted(name);
    PublicEntry retired =
        new PublicEntry(
            name, known.key(), known.countsFrom(), Math.min(known.countsUntil(), countsUntil));
    write(retired, true);
    return retired;
  }

  /**
   * Takes a trusted key away, so that it counts for no record at all.
   *
   * @throws RegistryException if there is none of that name
   */
  public PublicEntry forget(String name) {
    PublicEntry known = trusted(name);
    try {
      Files.delete(trustedFile(name));
    } catch (IOException e) {
      throw failed(trustedFile(name), e);
    }
    return known;
  }

  /** The trusted keys, sorted by name. */
  public List<PublicEntry> trusted() {
    List<PublicEntry> keys = new ArrayList<>();
    for (String name : names(trustedFolder(), PUBLIC_SUFFIX)) {
      keys.add(trusted(name));
    }
    return keys;
  }

  private PublicEntry trusted(String name) {
    checkName(name);
    Path file = trustedFile(name);
    String text = read(file);
    return new PublicEntry(
        name,
        Keys.publicKey(text, file.toString()),
        bound(file, text, FROM, 0),
        bound(file, text, UNTIL, PublicEntry.NO_END));
  }

  private static long bound(Path file, String text, String field, long otherwise) {
    Matcher line = BOUND.matcher(text);
    while (line.find()) {
      if (line.group(1).equals(field)) {
        String value = line.group(2).strip();
        if (!value.matches("\\d{1,18}")) {
          throw RegistryException.of(file + ": " + field, value, "must be an offset, 0 or more");
        }
        return Long.parseLong(value);
      }
    }
    return otherwise;
  }

  private void write(PublicEntry entry, boolean replace) {
    Path file = trustedFile(entry.name());
    String text =
        (entry.countsFrom() == 0 ? "" : FROM + ": " + entry.countsFrom() + "\n")
            + (entry.countsUntil() == PublicEntry.NO_END
                ? ""
                : UNTIL + ": " + entry.countsUntil() + "\n")
            + Keys.pem(entry.key());
    try {
      Files.createDirectories(trustedFolder());
      if (!replace && Files.exists(file)) {
        throw new RegistryException(file + ": is there already; give another name");
      }
      // Whole or not at all: workers read the folder while they run.
      Path part = trustedFolder().resolve(entry.name() + "." + ProcessHandle.current().pid());
      Files.writeString(part, text);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw failed(trustedFolder(), e);
    }
  }

  private Path trustedFile(String name) {
    return trustedFolder().resolve(name + PUBLIC_SUFFIX);
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
