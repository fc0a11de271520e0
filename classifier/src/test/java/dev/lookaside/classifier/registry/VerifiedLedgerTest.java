package dev.lookaside.classifier.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.registry.KeyFolder.PublicEntry;
import dev.lookaside.ingest.StreamId;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifiedLedgerTest {
  private static final TrustedKeys NOBODY = TrustedKeys.of(List.of(), false);

  @TempDir Path folder;
  private SigningKey mine;
  private SigningKey theirs;

  @BeforeEach
  void makeKeys() {
    KeyFolder keys = new KeyFolder(folder);
    mine = keys.create("mine");
    theirs = keys.create("theirs");
  }

  private static PublicEntry all(SigningKey key) {
    return within(key, 0, PublicEntry.NO_END);
  }

  private static PublicEntry within(SigningKey key, long from, long until) {
    return new PublicEntry(key.name(), key.publicKey(), from, until);
  }

  private static TrustedKeys keys(PublicEntry... entries) {
    return TrustedKeys.of(List.of(entries), false);
  }

  private static SignedCutover signed(long offset, long number, String adapter, SigningKey key) {
    Cutover c = Cutovers.of("*", number, adapter, (int) number);
    return CutoverCodec.fromJson(CutoverCodec.toJson(c, key), offset);
  }

  private static String inForce(VerifiedLedger ledger) {
    Instant late = Cutovers.NOON.plusSeconds(1_000);
    return ledger
        .ledger()
        .inForce(new StreamId("s"), late, c -> true)
        .map(Cutover::id)
        .orElse("none");
  }

  private static List<Reason> reasons(VerifiedLedger ledger) {
    return ledger.records().stream()
        .flatMap(r -> r.refusal().stream())
        .map(AdapterRejection::reason)
        .toList();
  }

  @Test
  void aKeyThatComesMakesItsDecisionsCountAndOneThatGoesNoLonger() {
    VerifiedLedger ledger = new VerifiedLedger(keys(all(mine)));
    ledger.add(signed(0, 1, "first", mine));
    SignedCutover unknown = signed(1, 2, "second", theirs);
    assertThat(ledger.wantsKey(unknown)).isTrue();
    assertThat(ledger.add(unknown).refusal())
        .map(AdapterRejection::reason)
        .contains(Reason.UNKNOWN_KEY);
    assertThat(inForce(ledger)).isEqualTo("*@1");

    assertThat(ledger.trust(keys(all(mine), all(theirs))))
        .extracting(r -> r.cutover().id())
        .containsExactly("*@2");
    assertThat(inForce(ledger)).isEqualTo("*@2");
    assertThat(ledger.trust(keys(all(theirs), all(mine)))).as("the same keys").isEmpty();

    assertThat(ledger.trust(keys(all(theirs))))
        .extracting(r -> r.cutover().id())
        .containsExactly("*@1");
    assertThat(inForce(ledger)).isEqualTo("*@2");
    ledger.trust(NOBODY);
    assertThat(inForce(ledger)).isEqualTo("none");
  }

  @Test
  void aRetiredKeyKeepsWhatItDecidedAndDecidesNothingMore() {
    VerifiedLedger ledger = new VerifiedLedger(keys(all(mine)));
    ledger.add(signed(0, 1, "first", mine));
    assertThat(ledger.trust(keys(within(mine, 0, 1), all(theirs)))).isEmpty();
    ledger.add(signed(1, 2, "second", mine));
    assertThat(inForce(ledger)).isEqualTo("*@1");
    assertThat(reasons(ledger)).containsExactly(Reason.KEY_OUT_OF_BOUNDS);
    ledger.add(signed(2, 2, "third", theirs));
    assertThat(inForce(ledger)).isEqualTo("*@2");
  }

  @Test
  void aKeyTrustedFromNowOnDoesNotBringBackWhatWasRefused() {
    VerifiedLedger ledger = new VerifiedLedger(keys(all(mine)));
    ledger.add(signed(0, 1, "first", theirs));
    assertThat(ledger.trust(keys(all(mine), within(theirs, 1, PublicEntry.NO_END)))).isEmpty();
    assertThat(inForce(ledger)).isEqualTo("none");
    ledger.add(signed(1, 1, "second", theirs));
    assertThat(inForce(ledger)).isEqualTo("*@1");
  }

  /** However keys came and went: with the same keys in the end, the ledger is the same. */
  @RepeatedTest(20)
  void whoSawKeysComeAndGoEndsAsOneThatStartsWithThem(RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    VerifiedLedger running = new VerifiedLedger(NOBODY);
    List<SignedCutover> topic = new ArrayList<>();
    TrustedKeys now = NOBODY;
    for (int offset = 0; offset < 30; offset++) {
      if (random.nextInt(4) == 0) {
        List<PublicEntry> trusted = new ArrayList<>();
        for (SigningKey key : List.of(mine, theirs)) {
          if (random.nextBoolean()) {
            long from = random.nextBoolean() ? 0 : random.nextInt(30);
            long until = random.nextBoolean() ? PublicEntry.NO_END : random.nextInt(30);
            trusted.add(within(key, from, until));
          }
        }
        now = TrustedKeys.of(trusted, false);
        running.trust(now);
      }
      SigningKey key = random.nextBoolean() ? mine : theirs;
      SignedCutover next = signed(offset, 1 + random.nextInt(10), "a" + offset, key);
      topic.add(next);
      running.add(next);
    }
    VerifiedLedger fresh = new VerifiedLedger(now);
    topic.forEach(fresh::add);
    assertThat(running.records()).isEqualTo(fresh.records());
    assertThat(running.ledger().of(Scope.ALL)).isEqualTo(fresh.ledger().of(Scope.ALL));
  }
}
