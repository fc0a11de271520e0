package dev.lookaside.deploy.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** For decoders that read files only: one that is written anew for each input. */
final class FuzzFile {
  private FuzzFile() {}

  interface Use {
    void of(Path file) throws Exception;
  }

  static void with(byte[] bytes, Use use) throws Exception {
    Path file = Files.createTempFile("lookaside-fuzz", ".bin");
    try {
      Files.write(file, bytes);
      use.of(file);
    } finally {
      delete(file);
    }
  }

  private static void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }
}
