package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adapter files on disk under their digests, so that a restart need not fetch them again. Never
 * trusted: what does not have its digest is deleted. Never needed: a disk that fails is only slow.
 */
public final class AdapterCache {
  private static final Logger LOG = LoggerFactory.getLogger(AdapterCache.class);

  private final @Nullable Path folder;

  /** Null: nothing is kept. */
  public AdapterCache(@Nullable Path folder) {
    this.folder = folder;
  }

  /** The file's bytes, or null. */
  public byte @Nullable [] get(String digest) {
    Path file = file(digest);
    if (file == null || !Files.exists(file)) {
      return null;
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      if (Safetensors.sha256(bytes).equals(digest)) {
        return bytes;
      }
      LOG.warn("{} is damaged; deleted, to be fetched again", file);
      Files.delete(file);
    } catch (IOException e) {
      LOG.warn("Adapter cache: {}", e.toString());
    }
    return null;
  }

  /** Keeps a file of that digest. */
  public void put(String digest, byte[] bytes) {
    Path file = file(digest);
    if (file == null || Files.exists(file)) {
      return;
    }
    try {
      Path parent = file.getParent();
      Files.createDirectories(parent);
      Path part = Files.createTempFile(parent, digest, ".part");
      Files.write(part, bytes);
      // Whole or not at all, also if several processes share the folder.
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.warn("Adapter cache: {}", e.toString());
    }
  }

  private @Nullable Path file(String digest) {
    return folder == null ? null : folder.resolve(digest + ".safetensors");
  }
}
