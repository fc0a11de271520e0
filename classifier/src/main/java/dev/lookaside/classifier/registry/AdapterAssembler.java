package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.weights.Safetensors;
import java.io.ByteArrayOutputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Slices of one adapter, in any order, to its verified bytes. Pure; takes no memory before it is
 * known that the whole is not too large.
 */
public final class AdapterAssembler {
  private final String digest;
  private final long maxBytes;
  private byte @Nullable [] @Nullable [] parts;
  private long totalBytes;
  private int present;

  /**
   * @param digest sha256 the file must have, hexadecimal
   * @param maxBytes a larger file is refused
   */
  public AdapterAssembler(String digest, long maxBytes) {
    this.digest = digest;
    this.maxBytes = maxBytes;
  }

  /**
   * Takes a slice; one that comes twice replaces the first.
   *
   * @return why the adapter cannot be used; empty if nothing is wrong so far
   */
  public Optional<AdapterRejection> add(Slice slice) {
    byte[] bytes = slice.bytes();
    if (!slice.digest().equals(digest) || bytes == null) {
      throw new IllegalArgumentException("slice of " + slice.digest() + ", wanted " + digest);
    }
    byte @Nullable [][] known = parts;
    if (known == null) {
      Optional<AdapterRejection> tooMuch = sizeRefusal(slice);
      if (tooMuch.isPresent()) {
        return tooMuch;
      }
      known = new byte[slice.parts()][];
      parts = known;
      totalBytes = slice.totalBytes();
    }
    if (known.length != slice.parts() || totalBytes != slice.totalBytes()) {
      return refused(
          Reason.BAD_SLICE,
          "lookaside-parts",
          slice.parts() + " of " + slice.totalBytes() + " bytes",
          "must be %d of %d bytes as on the other parts".formatted(known.length, totalBytes));
    }
    present += known[slice.part()] == null ? 1 : 0;
    known[slice.part()] = bytes;
    return Optional.empty();
  }

  private Optional<AdapterRejection> sizeRefusal(Slice slice) {
    if (slice.totalBytes() > maxBytes || slice.totalBytes() > Integer.MAX_VALUE - 8) {
      return refused(
          Reason.TOO_LARGE,
          "lookaside-bytes",
          Long.toString(slice.totalBytes()),
          "must be at most " + maxBytes);
    }
    if (slice.parts() > slice.totalBytes()) {
      return refused(
          Reason.BAD_SLICE,
          "lookaside-parts",
          Integer.toString(slice.parts()),
          "must be at most its %d bytes".formatted(slice.totalBytes()));
    }
    return Optional.empty();
  }

  /** Whether every part has come. */
  public boolean complete() {
    return parts != null && present == parts.length;
  }

  /**
   * The digest's refusal of what has come; empty if the bytes are the file's.
   *
   * @throws IllegalStateException if parts are missing
   */
  public Optional<AdapterRejection> refusal() {
    String found = Safetensors.sha256(bytes());
    return found.equals(digest)
        ? Optional.empty()
        : refused(Reason.WRONG_DIGEST, "sha256", found, "must be " + digest);
  }

  /** The file, once {@link #complete}. */
  public byte[] bytes() {
    byte @Nullable [][] known = parts;
    if (known == null || !complete()) {
      throw new IllegalStateException("adapter " + digest + ": parts are missing");
    }
    ByteArrayOutputStream file = new ByteArrayOutputStream((int) totalBytes);
    for (byte[] part : known) {
      if (part != null) {
        file.writeBytes(part);
      }
    }
    return file.toByteArray();
  }

  private static Optional<AdapterRejection> refused(
      Reason reason, String field, String value, String rule) {
    return Optional.of(new AdapterRejection(reason, field, value, rule));
  }
}
