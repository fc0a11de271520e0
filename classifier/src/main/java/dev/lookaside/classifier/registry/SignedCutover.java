package dev.lookaside.classifier.registry;

import java.util.Optional;

/** A ledger record with what was signed of it and by whom; {@link TrustedKeys} checks it. */
public final class SignedCutover {
  /**
   * A signature.
   *
   * @param keyId names the key, {@link Keys#idOf}
   */
  record Seal(String keyId, byte[] signature) {}

  private final Cutover cutover;
  private final long offset;
  private final byte[] signedBytes;
  private final Optional<Seal> seal;

  SignedCutover(Cutover cutover, long offset, byte[] signedBytes, Optional<Seal> seal) {
    this.cutover = cutover;
    this.offset = offset;
    this.signedBytes = signedBytes;
    this.seal = seal;
  }

  public Cutover cutover() {
    return cutover;
  }

  /** Its place on the ledger's topic. */
  long offset() {
    return offset;
  }

  /** Id of the key it is signed with; empty if it is not signed. */
  public Optional<String> keyId() {
    return seal.map(Seal::keyId);
  }

  Optional<Seal> seal() {
    return seal;
  }

  /** The canonical JSON of all fields but the signature, as they came. */
  byte[] signedBytes() {
    return signedBytes;
  }
}
