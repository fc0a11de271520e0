package dev.lookaside.deploy.fuzz;

import java.nio.file.Files;
import java.nio.file.Path;

/** For decoders that read files only: one that is written anew for each input. */
final class FuzzFile {
  private FuzzFile() {}

  interface Use {
    void of(Path file) throws Exception;
  }

  /** The file is alone in its folder. */
  static void with(String name, byte[] bytes, Use use) throws Exception {
    Path folder = Files.createTempDirectory("lookaside-fuzz");
    Path file = folder.resolve(name);
    try {
      Files.write(file, bytes);
      use.of(file);
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(folder);
    }
  }
}
