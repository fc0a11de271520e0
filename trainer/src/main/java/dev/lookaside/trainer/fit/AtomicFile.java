package dev.lookaside.trainer.fit;

import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Files that are replaced whole or not at all, whenever the process or the power ends. */
public final class AtomicFile {
  /** Writes the new contents to a file that does not exist yet. */
  @FunctionalInterface
  public interface Body {
    void writeTo(Path file) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Writes beside {@code file}, forces it to the disk and renames it.
   *
   * @throws TrainerException if that fails; {@code file} is then what it was before
   */
  public static void write(Path file, Body body) {
    Path target = file.toAbsolutePath();
    Path temporary = target.resolveSibling(target.getFileName() + ".part");
    try {
      Files.deleteIfExists(temporary);
      body.writeTo(temporary);
      force(temporary, StandardOpenOption.WRITE);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      forceFolder(target);
    } catch (IOException | RuntimeException e) {
      deleteQuietly(temporary, e);
      String before = Files.exists(target) ? "; what it held before is intact" : "";
      throw new TrainerException(
          "%s: cannot be written: %s%s".formatted(file, FaultReason.of(e), before), e);
    }
  }

  private static void force(Path file, StandardOpenOption how) throws IOException {
    try (FileChannel channel = FileChannel.open(file, how)) {
      channel.force(true);
    }
  }

  /** So that the new name, too, outlives a power cut; not every system can. */
  private static void forceFolder(Path file) {
    Path folder = file.getParent();
    try {
      if (folder != null) {
        force(folder, StandardOpenOption.READ);
      }
    } catch (IOException e) {
      return;
    }
  }

  private static void deleteQuietly(Path file, Exception cause) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }
}
