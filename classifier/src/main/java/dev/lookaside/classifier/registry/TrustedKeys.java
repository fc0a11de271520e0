package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.registry.SignedCutover.Seal;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Whose signatures count, and for which part of the ledger. Immutable; equal if they count the same
 * records.
 */
public final class TrustedKeys {
  private final Set<KeyFolder.PublicEntry> keys;
  private final boolean allowUnsigned;

  private TrustedKeys(Set<KeyFolder.PublicEntry> keys, boolean allowUnsigned) {
    this.keys = Set.copyOf(keys);
    this.allowUnsigned = allowUnsigned;
  }

  /**
   * @param allowUnsigned whether records without signature or with that of a key that is not
   *     trusted count, too; a signature of a trusted key that is false never does
   */
  public static TrustedKeys of(Iterable<KeyFolder.PublicEntry> keys, boolean allowUnsigned) {
    Set<KeyFolder.PublicEntry> all = new HashSet<>();
    keys.forEach(all::add);
    return new TrustedKeys(all, allowUnsigned);
  }

  /** Why a record does not count; empty if it does. */
  public Optional<AdapterRejection> refusal(SignedCutover signed) {
    Seal seal = signed.seal().orElse(null);
    if (seal == null) {
      return allowUnsigned
          ? Optional.empty()
          : refused(Reason.UNSIGNED, "", "must be there, or security.adapters.allow-unsigned set");
    }
    List<KeyFolder.PublicEntry> entries = new ArrayList<>();
    keys.stream().filter(k -> k.id().equals(seal.keyId())).forEach(entries::add);
    if (entries.stream().noneMatch(k -> k.counts(signed.offset()))) {
      return allowUnsigned ? Optional.empty() : notTrusted(seal.keyId(), entries, signed.offset());
    }
    return verifies(entries.get(0), signed.signedBytes(), seal.signature())
        ? Optional.empty()
        : refused(Reason.BAD_SIGNATURE, seal.keyId(), "must be this record's");
  }

  /** Whether a record does not count for want of its key alone; its signature is not checked. */
  boolean misses(SignedCutover signed) {
    return !allowUnsigned
        && signed.keyId().isPresent()
        && keys.stream().noneMatch(k -> k.id().equals(signed.keyId().get()));
  }

  private static Optional<AdapterRejection> notTrusted(
      String id, List<KeyFolder.PublicEntry> entries, long offset) {
    return entries.isEmpty()
        ? refused(Reason.UNKNOWN_KEY, id, "must be of a trusted key")
        : refused(
            Reason.KEY_OUT_OF_BOUNDS,
            id,
            "must be of a key that is trusted for record %d of the ledger".formatted(offset));
  }

  private static Optional<AdapterRejection> refused(Reason reason, String value, String rule) {
    return Optional.of(new AdapterRejection(reason, "signature", value, rule));
  }

  private static boolean verifies(KeyFolder.PublicEntry key, byte[] bytes, byte[] signature) {
    try {
      Signature check = Signature.getInstance(Keys.ALGORITHM);
      check.initVerify(key.key());
      check.update(bytes);
      return check.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // Of the wrong length, for one.
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TrustedKeys t
        && t.allowUnsigned == allowUnsigned
        && t.keys.equals(keys);
  }

  @Override
  public int hashCode() {
    return keys.hashCode();
  }
}
