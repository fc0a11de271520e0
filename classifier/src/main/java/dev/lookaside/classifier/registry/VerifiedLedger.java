package dev.lookaside.classifier.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The records of the ledger's topic, verified with the keys that are trusted now. Pure: the same
 * records and keys give the same ledger, whether the keys were there first or came later. So a
 * worker that takes note of a key while it runs goes by the same ledger as one that is started
 * afterwards.
 */
final class VerifiedLedger {
  /**
   * A record and what was made of it.
   *
   * @param refusal why it does not count; empty if it does
   */
  record Verification(SignedCutover signed, Optional<AdapterRejection> refusal) {
    Cutover cutover() {
      return signed.cutover();
    }
  }

  private final List<Verification> records = new ArrayList<>();
  private TrustedKeys trusted;
  private Ledger ledger = Ledger.EMPTY;

  VerifiedLedger(TrustedKeys trusted) {
    this.trusted = trusted;
  }

  /** Takes the next record of the topic. */
  Verification add(SignedCutover signed) {
    Optional<AdapterRejection> refusal =
        trusted.refusal(signed).or(() -> ledger.refusal(signed.cutover()));
    Verification verification = new Verification(signed, refusal);
    records.add(verification);
    if (refusal.isEmpty()) {
      ledger = ledger.with(signed.cutover());
    }
    return verification;
  }

  /** Verifies all records with other keys; those that now count, or no longer do. */
  List<Verification> trust(TrustedKeys keys) {
    if (keys.equals(trusted)) {
      return List.of();
    }
    trusted = keys;
    List<Verification> before = List.copyOf(records);
    records.clear();
    ledger = Ledger.EMPTY;
    List<Verification> others = new ArrayList<>();
    for (Verification was : before) {
      Verification is = add(was.signed());
      if (is.refusal().isEmpty() != was.refusal().isEmpty()) {
        others.add(is);
      }
    }
    return others;
  }

  /** As {@link TrustedKeys#misses}. */
  boolean wantsKey(SignedCutover signed) {
    return trusted.misses(signed);
  }

  Ledger ledger() {
    return ledger;
  }

  /** All records in the order of the topic. */
  List<Verification> records() {
    return List.copyOf(records);
  }
}
