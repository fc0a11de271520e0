package dev.lookaside.trainer.store;

import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/** What the store's files and rows are named by. */
final class Digests {
  private static final int ID_BYTES = 16;

  private Digests() {}

  static String sha256(Path file) {
    try {
      return Sha256.hex(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new TrainerException(file + ": cannot be read: " + FaultReason.of(e), e);
    }
  }

  /** 32 digits of the given parts. */
  static String id(String... parts) {
    return HexFormat.of().formatHex(Sha256.of(String.join("|", parts)), 0, ID_BYTES);
  }
}
