package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.registry.Refusal.Reason;
import dev.lookaside.classifier.registry.SignedCutover.Seal;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Whose signatures count. Immutable. */
public final class TrustedKeys {
  private final Map<String, PublicKey> byId;
  private final boolean allowUnsigned;

  private TrustedKeys(Map<String, PublicKey> byId, boolean allowUnsigned) {
    this.byId = Map.copyOf(byId);
    this.allowUnsigned = allowUnsigned;
  }

  /**
   * @param allowUnsigned whether records without signature or with that of an unknown key count,
   *     too; a signature of a trusted key that is false never does
   */
  public static TrustedKeys of(Iterable<KeyFolder.PublicEntry> keys, boolean allowUnsigned) {
    Map<String, PublicKey> byId = new HashMap<>();
    keys.forEach(k -> byId.put(k.id(), k.key()));
    return new TrustedKeys(byId, allowUnsigned);
  }

  /** Why a record does not count; empty if it does. */
  public Optional<Refusal> refusal(SignedCutover signed) {
    Seal seal = signed.seal().orElse(null);
    if (seal == null) {
      return allowUnsigned
          ? Optional.empty()
          : refused(Reason.UNSIGNED, "", "must be there, or security.adapters.allow-unsigned set");
    }
    PublicKey key = byId.get(seal.keyId());
    if (key == null) {
      return allowUnsigned
          ? Optional.empty()
          : refused(Reason.UNKNOWN_KEY, seal.keyId(), "must be of a trusted key");
    }
    return verifies(key, signed.signedBytes(), seal.signature())
        ? Optional.empty()
        : refused(Reason.BAD_SIGNATURE, seal.keyId(), "must be this record's");
  }

  private static Optional<Refusal> refused(Reason reason, String value, String rule) {
    return Optional.of(new Refusal(reason, "signature", value, rule));
  }

  private static boolean verifies(PublicKey key, byte[] bytes, byte[] signature) {
    try {
      Signature check = Signature.getInstance(Keys.ALGORITHM);
      check.initVerify(key);
      check.update(bytes);
      return check.verify(signature);
    } catch (GeneralSecurityException e) {
      return false; // Of the wrong length, for one.
    }
  }
}
