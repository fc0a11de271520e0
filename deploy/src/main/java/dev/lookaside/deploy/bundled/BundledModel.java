package dev.lookaside.deploy.bundled;

import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.ingest.FaultReason;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The small model that comes with the program, as files: the backbone is memory-mapped, which needs
 * a real file.
 *
 * <p>From a class folder the files are used where they lie; from a jar they are copied to a
 * temporary folder until {@link #close}.
 */
public final class BundledModel implements AutoCloseable {
  private static final String FOLDER = "/demo-model/";

  private final TemporaryFolder copies = new TemporaryFolder("lookaside-model-");
  private final Path backbone;
  private final Path adapter;

  private BundledModel() {
    try {
      backbone = file("backbone.safetensors");
      adapter = file("adapter.safetensors");
    } catch (RuntimeException e) {
      copies.close();
      throw e;
    }
  }

  /**
   * Makes the files available.
   *
   * @throws DeployException if a file is missing from the program or cannot be copied
   */
  public static BundledModel open() {
    return new BundledModel();
  }

  public Path backbone() {
    return backbone;
  }

  public Path adapter() {
    return adapter;
  }

  /** Deletes the copies, if there are any; a backbone loaded from them must be closed before. */
  @Override
  public void close() {
    copies.close();
  }

  private Path file(String name) {
    URL url = BundledModel.class.getResource(FOLDER + name);
    if (url == null) {
      throw new DeployException("bundled model: " + FOLDER + name + " is not in this program");
    }
    try {
      if (url.getProtocol().equals("file")) {
        return Path.of(url.toURI());
      }
      Path copy = copies.path().resolve(name);
      try (InputStream in = url.openStream()) {
        Files.copy(in, copy);
      }
      return copy;
    } catch (IOException | URISyntaxException e) {
      throw new DeployException("bundled model: " + name + ": " + FaultReason.of(e), e);
    }
  }
}
