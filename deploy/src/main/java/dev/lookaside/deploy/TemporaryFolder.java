package dev.lookaside.deploy;

import dev.lookaside.ingest.FaultReason;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A folder made when first asked for and deleted with all it holds when closed. */
public final class TemporaryFolder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TemporaryFolder.class);

  private static final Set<TemporaryFolder> MADE = ConcurrentHashMap.newKeySet();

  private final String prefix;
  private @Nullable Path path;

  /**
   * Makes nothing yet.
   *
   * @param prefix of the folder's name
   */
  public TemporaryFolder(String prefix) {
    this.prefix = prefix;
  }

  /**
   * The folder, made by the first call.
   *
   * @throws DeployException if it cannot be made
   */
  public synchronized Path path() {
    Path p = path;
    if (p == null) {
      try {
        p = Files.createTempDirectory(prefix);
      } catch (IOException e) {
        throw new DeployException("temporary folder " + prefix + ": " + FaultReason.of(e), e);
      }
      path = p;
      MADE.add(this);
    }
    return p;
  }

  @Override
  public synchronized void close() {
    Path p = path;
    path = null;
    MADE.remove(this);
    if (p != null) {
      delete(p);
    }
  }

  /** Deletes all folders of this process that are still there: the process is about to end. */
  public static void closeAll() {
    MADE.forEach(TemporaryFolder::close);
  }

  private static void delete(Path folder) {
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e)
                throws IOException {
              Files.deleteIfExists(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      LOG.warn("Temporary folder {} was not deleted: {}", folder, e.toString());
    }
  }
}
